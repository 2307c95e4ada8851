// The sample collector from outside while parts of it fail: what the probes say, and that it recovers.
import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  type Answer,
  accountIn,
  assertNumbered,
  linux,
  messageOf,
  readSamples,
  statusOf,
  withCollector,
} from './collector-process.js'

/** Full after 0.6 s without the sink, and not because other programs keep it from a core for a moment. */
const SMALL_QUEUE = ['--rate', '200', '--queue', '128']

describe('the sample collector, when something fails', linux, () => {
  it('answers probes within a second while its main thread is blocked, and tells that samples are dropped', () =>
    withCollector([...SMALL_QUEUE, '--fault', 'block-main=4s@500ms'], async (collector) => {
      await collector.said(/fault: the main thread is busy/)
      const blocked = await collector.probeUntil(
        '/healthz',
        (answer) => statusOf(answer, 'buffer_queue') === 'degraded',
        4_000,
      )
      assert.doesNotMatch(collector.output, /the main thread is back/)
      assert.deepEqual(
        blocked.at(-1)?.components['buffer_queue']?.message,
        'Buffer full, dropping resources',
      )
      assert.equal(blocked.at(-1)?.components['buffer_queue']?.metadata?.['capacity'], '512')
      const after = await collector.probeUntil(
        '/healthz',
        (answer) => statusOf(answer, 'buffer_queue') === 'healthy',
      )
      assert.match(collector.output, /the main thread is back/)
      const slowest = Math.max(...[...blocked, ...after].map((answer) => answer.elapsedMs))
      assert.ok(slowest < 1_000, `slowest probe: ${slowest} ms`)
      assert.equal(await collector.stop(), 0, collector.output)
      assert.ok(accountIn(collector.output).dropped > 0)
    }))

  it('fails liveness while its main thread is wedged, tells what it is at, and is alive again after', () =>
    withCollector(['--wedged', '1s', '--fault', 'block-main=3s@500ms'], async (collector) => {
      const stuck = await collector.probeUntil('/healthz', ({ code }) => code === 503)
      assert.doesNotMatch(collector.output, /the main thread is back/)
      const late = stuck.filter((answer) => statusOf(answer, 'event_loop') === 'degraded')
      assert.ok(late.every(({ code }) => code === 200))
      const wedged = stuck.at(-1) as Answer
      const message = messageOf(wedged, 'event_loop') ?? ''
      assert.match(
        message,
        /^event loop wedged for \d\.\d s in "the fault block-main" \(for \d\.\d s\)$/,
      )
      assert.equal(wedged.error, `event_loop is unhealthy: ${message}`)
      const back = await collector.probeUntil('/healthz', ({ code }) => code === 200)
      assert.equal(messageOf(back.at(-1) as Answer, 'event_loop'), 'event loop on time')
      assert.equal(await collector.stop(), 0, collector.output)
    }))

  for (const kind of ['regex', 'wait', 'crypto']) {
    it(`fails liveness while its main thread is stuck in the fault ${kind}, and leaves last words`, async () => {
      const folder = await mkdtemp(join(tmpdir(), 'health-actor-test-'))
      const incident = join(folder, 'incident.json')
      const args = ['--wedged', '1s', '--incident', incident, '--fault', `${kind}=3s@500ms`]
      try {
        await withCollector(args, async (collector) => {
          const stuck = await collector.probeUntil('/healthz', ({ code }) => code === 503)
          assert.doesNotMatch(collector.output, /the main thread is back/)
          const at = `in "the fault ${kind}"`
          assert.ok(messageOf(stuck.at(-1) as Answer, 'event_loop')?.includes(at))
          // By the queue worker, which is not stuck.
          await collector.said(/transition \d+: event_loop \w+ -> unhealthy: event loop wedged/)
          await collector.probeUntil('/healthz', ({ code }) => code === 200)
          assert.match(collector.output, /the main thread is back/)
          assert.equal(await collector.stop(), 0, collector.output)
          const words = JSON.parse(await readFile(incident, 'utf8')) as Record<string, unknown>
          assert.equal(words['kind'], 'wedge')
          assert.ok(String(words['culprit']).includes(at))
        })
      } finally {
        await rm(folder, { recursive: true })
      }
    })
  }

  it('tells that a collector is silent for longer than its deadline, stays alive, and sees it come back', () => {
    // Readings that are farther apart than that are no silence.
    const args = ['--rate', '1', '--deadline', '800ms', '--fault', 'hang-collector=3s@500ms']
    return withCollector(args, async (collector) => {
      const hung = await collector.probeUntil('/healthz', (answer) =>
        /^no update for \d\.\d s \(deadline 0\.8 s\)$/.test(
          messageOf(answer, 'collector_cpu') ?? '',
        ),
      )
      const last = hung.at(-1) as Answer
      assert.deepEqual([last.code, statusOf(last, 'collector_cpu')], [200, 'unhealthy'])
      await collector.said(/fault: hung collector cpu/)
      await collector.said(/transition \d+: collector_cpu healthy -> unhealthy: no update for/)
      await collector.said(/transition \d+: collector_cpu unhealthy -> healthy: collecting/)
      assert.equal((await collector.probe('/healthz')).code, 200)
      assert.equal(await collector.stop(), 0, collector.output)
    })
  })

  it('tells that a collector was killed, with its exit code, stays alive, and tells that it is back', () =>
    withCollector(['--fault', 'kill-collector@500ms'], async (collector, out) => {
      const dead = await collector.probeUntil(
        '/healthz',
        (answer) => statusOf(answer, 'collector_cpu') === 'unhealthy',
      )
      assert.match(messageOf(dead.at(-1) as Answer, 'collector_cpu') ?? '', /\b1\b/)
      const back = await collector.probeUntil(
        '/healthz',
        (answer) =>
          statusOf(answer, 'collector_cpu') === 'healthy' &&
          statusOf(answer, 'collector_manager') === 'healthy',
      )
      assert.deepEqual(
        back.map(({ code }) => code).filter((code) => code !== 200),
        [],
      )
      assert.ok(back.some((answer) => statusOf(answer, 'collector_manager') === 'degraded'))
      assert.equal(await collector.stop(), 0, collector.output)
      const account = accountIn(collector.output)
      const samples = await readSamples(out)
      assert.equal(samples.length, account.written)
      assertNumbered(samples, account.dropped)
    }))

  it('stays alive while its only collector is restarted, and is ready again afterwards', () =>
    withCollector(['--collectors', '1', '--fault', 'kill-collector@500ms'], async (collector) => {
      const answers = await collector.probeUntil(
        '/readyz',
        (answer) => messageOf(answer, 'collector_manager') === 'All collectors stopped',
      )
      const down = answers.at(-1) as Answer
      assert.deepEqual(
        [down.code, down.error],
        [503, 'collector_manager is not ready (status: unhealthy)'],
      )
      assert.equal((await collector.probe('/healthz')).code, 200)
      await collector.probeUntil('/readyz', (answer) => answer.code === 200)
      assert.equal((await collector.probe('/healthz')).code, 200)
      assert.equal(await collector.stop(), 0, collector.output)
    }))

  it('answers probes while the manager thread is killed and restarted, and tells what happens afterwards', () =>
    withCollector(['--fault', 'kill-manager@500ms'], async (collector) => {
      const samplesOf = (answer: Answer) =>
        Number(answer.components['collector_cpu']?.metadata?.['samples'] ?? 0)
      await collector.said(/fault: killing the thread/)
      const before = await collector.probeUntil('/healthz', () =>
        collector.output.includes('the manager thread was restarted'),
      )
      const known = Math.max(...before.map(samplesOf))
      const after = await collector.probeUntil(
        '/healthz',
        (answer) => samplesOf(answer) > known + 1_500,
      )
      const answers = [...before, ...after]
      assert.deepEqual(
        answers.map(({ code }) => code).filter((code) => code !== 200),
        [],
      )
      assert.ok(Math.max(...answers.map(({ elapsedMs }) => elapsedMs)) < 1_000)
      assert.equal(await collector.stop(), 0, collector.output)
    }))

  it('tells that the destination takes nothing, is not ready meanwhile, and recovers with it', () =>
    withCollector([...SMALL_QUEUE, '--fault', 'stall-sink=4s@500ms'], async (collector, out) => {
      const failing = await collector.probeUntil(
        '/readyz',
        (answer) => statusOf(answer, 'sample_sink') === 'unhealthy',
      )
      const open = failing.at(-1) as Answer
      assert.deepEqual(
        [open.code, open.error],
        [503, 'sample_sink is not ready (status: unhealthy)'],
      )
      assert.equal(messageOf(open, 'sample_sink'), 'Circuit breaker open, 5 consecutive failures')
      const { reopen_at: reopenAt, ...rest } = open.components['sample_sink']?.metadata ?? {}
      assert.deepEqual(rest, { circuit_breaker: 'open' })
      assert.ok(Date.parse(reopenAt ?? '') > Date.now(), reopenAt)
      assert.ok(
        failing.some((answer) => messageOf(answer, 'sample_sink') === '2 consecutive failures'),
      )
      assert.equal(statusOf(open, 'buffer_queue'), 'degraded')
      // Its body says at once that the sink is well, its verdict a second later.
      await collector.probeUntil('/readyz', ({ code }) => code === 200)
      const readyAt = Date.now()
      // From then on it was no longer failing, be it that it was degraded first.
      const transitions = await collector.transitions('sample_sink', 10)
      const recovery = transitions.findLast(({ oldStatus }) => oldStatus === 'unhealthy')
      const dampedMs = readyAt - Date.parse(recovery?.at ?? '')
      assert.ok(dampedMs >= 950, `ready ${dampedMs} ms after the sink`)
      await collector.probeUntil(
        '/readyz',
        (answer) =>
          answer.code === 200 &&
          messageOf(answer, 'sample_sink') === 'Transport operational' &&
          messageOf(answer, 'buffer_queue') === 'Buffer is operational',
      )
      assert.equal(await collector.stop(), 0, collector.output)
      const account = accountIn(collector.output)
      assert.ok(account.dropped > 0)
      assert.equal((await readSamples(out)).length, account.written)
    }))

  it('tells that samples come in and none gets out, before the queue is full', () =>
    withCollector(
      ['--rate', '100', '--stall', '500ms', '--fault', 'stall-sink=3s@500ms'],
      async (collector) => {
        const stalled = await collector.probeUntil('/readyz', (answer) =>
          /^input moved by [\d,]+ and output by 0 for \d\.\d s$/.test(
            messageOf(answer, 'buffer_queue') ?? '',
          ),
        )
        assert.equal(statusOf(stalled.at(-1) as Answer, 'buffer_queue'), 'degraded')
        await collector.probeUntil(
          '/readyz',
          (answer) => messageOf(answer, 'buffer_queue') === 'Buffer is operational',
        )
        assert.equal(await collector.stop(), 0, collector.output)
        assert.equal(accountIn(collector.output).dropped, 0)
      },
    ))

  it('tells which file of /proc it can not read, and recovers with it', async () => {
    const procfs = await mkdtemp(join(tmpdir(), 'health-actor-test-'))
    const write = (file: string, text: string) => writeFile(join(procfs, file), text)
    const load = '0.69 0.22 0.10 5/106 7214\n'
    const stat =
      'cpu 1 2 3 4\ncpu0 1 2 3 4\nintr 5\nctxt 6\nprocesses 7\nprocs_running 8\nprocs_blocked 9\n'
    await write('stat', stat)
    await write('meminfo', 'MemTotal: 1 kB\nMemFree: 1 kB\n')
    await mkdir(join(procfs, 'net'))
    await write('net/dev', 'a\nb\n')
    await write('diskstats', '')
    await write('loadavg', load)
    try {
      const args = ['--procfs', procfs, '--collectors', '5', '--rate', '50']
      await withCollector(args, async (collector) => {
        const start = await collector.probeUntil(
          '/healthz',
          (answer) =>
            statusOf(answer, 'collector_load') === 'healthy' &&
            statusOf(answer, 'collector_cpu') === 'degraded',
        )
        const last = start.at(-1) as Answer
        assert.match(messageOf(last, 'collector_cpu') ?? '', /ENOENT.*self\/stat/)
        await write('loadavg', 'broken\n')
        // The file is empty for an instant before the text is in it, so wait for the text.
        const problem = 'loadavg: not an average: broken: "broken\\n"'
        const broken = await collector.probeUntil(
          '/healthz',
          (answer) => messageOf(answer, 'collector_load') === problem,
        )
        assert.deepEqual(broken.at(-1)?.components['collector_load'], {
          status: 'degraded',
          message: problem,
          metadata: { source: 'loadavg' },
        })
        await write('loadavg', load)
        await collector.probeUntil('/healthz', (a) => statusOf(a, 'collector_load') === 'healthy')
        assert.equal(await collector.stop(), 0, collector.output)
      })
    } finally {
      await rm(procfs, { recursive: true })
    }
  })
})
