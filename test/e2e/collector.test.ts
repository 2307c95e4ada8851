// The sample collector from outside: exit codes, signals, files, and what the probes say while things fail.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import {
  type Answer,
  accountIn,
  CollectorProcess,
  readSamples,
  type Sample,
  withCollector,
} from './collector-process.js'

const linux =
  process.platform === 'linux'
    ? {}
    : { skip: `the sample collector reads /proc, which ${process.platform} does not have` }

/** Full after 0.6 s without the sink, and not because other programs keep it from a core for a moment. */
const SMALL_QUEUE = ['--rate', '200', '--queue', '128']

const messageOf = (answer: Answer, component: string) => answer.components[component]?.message
const statusOf = (answer: Answer, component: string) => answer.components[component]?.status

/** Each collector numbers its samples without a gap or a repetition, dropped ones included. */
function assertNumbered(samples: readonly Sample[], droppedCount: number): void {
  const last = new Map<string, number>()
  let gapCount = 0
  for (const { collector, number } of samples) {
    const before = last.get(collector) ?? -1
    assert.ok(number > before, `${collector}: ${number} came after ${before}`)
    gapCount += number - before - 1
    last.set(collector, number)
  }
  assert.ok(gapCount <= droppedCount, `missing=${gapCount} dropped=${droppedCount}`)
}

describe('the sample collector', linux, () => {
  it('ends by itself with 0, and every sample that it produced is written or counted as dropped', () =>
    withCollector(['--seconds', '2'], async (collector, out) => {
      const [code] = await collector.exited
      assert.equal(code, 0, collector.output)
      assert.equal(collector.stderr, '')
      const account = accountIn(collector.output)
      const samples = await readSamples(out)
      assert.equal(samples.length, account.written)
      assert.equal(account.produced, account.written + account.dropped)
      assert.ok(account.produced > 400, `produced only ${account.produced}`)
      assertNumbered(samples, account.dropped)
      const sources = new Set(samples.map((sample) => sample.source))
      for (const source of ['stat', 'meminfo', 'net/dev', 'loadavg', 'self/stat']) {
        assert.ok(sources.has(source), `no sample of ${source}`)
      }
    }))

  it('answers both probes with the components that it runs', () =>
    withCollector([], async (collector) => {
      await collector.said(/collecting with/)
      const answers = await collector.probeUntil(
        '/readyz',
        (answer) => messageOf(answer, 'dakr_transport') === 'Transport operational',
      )
      const ready = answers.at(-1) as Answer
      assert.deepEqual([ready.code, ready.status, ready.error], [200, 'ready', undefined])
      assert.deepEqual(Object.keys(ready.components), [
        'buffer_queue',
        'collector_cpu',
        'collector_disk',
        'collector_manager',
        'collector_memory',
        'collector_network',
        'dakr_transport',
      ])
      const live = await collector.probe('/healthz')
      assert.deepEqual([live.code, live.status], [200, 'healthy'])
      assert.deepEqual(live.components['collector_manager'], {
        status: 'healthy',
        message: '4 collectors started',
        metadata: { collector_count: '4' },
      })
      assert.deepEqual(live.components['buffer_queue'], {
        status: 'healthy',
        message: 'Buffer is operational',
        metadata: { capacity: '8192' },
      })
      assert.deepEqual(live.components['dakr_transport']?.metadata, {
        circuit_breaker: 'closed',
        consecutive_failures: '0',
      })
      assert.equal(messageOf(live, 'collector_cpu'), 'collecting')
      assert.equal(await collector.stop(), 0)
    }))

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains, flushes and ends with 0 on ${signal}`, () =>
      withCollector([], async (collector, out) => {
        await collector.said(/samples\/s {2}written [1-9]/)
        assert.equal(await collector.stop(signal), 0, collector.output)
        const account = accountIn(collector.output)
        assert.equal((await readSamples(out)).length, account.written)
        assert.equal(account.produced, account.written + account.dropped)
      }))
  }

  it('writes samples to standard output and everything else to standard error', async () => {
    const collector = new CollectorProcess('--port', '0', '--seconds', '1', '--out', '-')
    const [code] = await collector.exited
    assert.equal(code, 0, collector.stderr)
    const lines = collector.stdout.split('\n')
    assert.equal(lines.pop(), '')
    for (const line of lines) JSON.parse(line)
    assert.equal(lines.length, accountIn(collector.stderr).written)
  })

  it('ends when nobody reads its standard output any more', async () => {
    const collector = new CollectorProcess('--port', '0', '--out', '-')
    await collector.said(/^\{/)
    collector.child.stdout?.destroy()
    const [code, signal] = await collector.exited
    assert.deepEqual([code, signal], [1, null], collector.stderr)
    assert.match(collector.stderr, /stopping: the reader of standard output has gone/)
  })
})

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
        (answer) => statusOf(answer, 'dakr_transport') === 'unhealthy',
      )
      const open = failing.at(-1) as Answer
      assert.deepEqual(
        [open.code, open.error],
        [503, 'dakr_transport is not ready (status: unhealthy)'],
      )
      assert.equal(
        messageOf(open, 'dakr_transport'),
        'Circuit breaker open, 5 consecutive failures',
      )
      const { reopen_at: reopenAt, ...rest } = open.components['dakr_transport']?.metadata ?? {}
      assert.deepEqual(rest, { circuit_breaker: 'open' })
      assert.ok(Date.parse(reopenAt ?? '') > Date.now(), reopenAt)
      assert.ok(
        failing.some((answer) => messageOf(answer, 'dakr_transport') === '2 consecutive failures'),
      )
      assert.equal(statusOf(open, 'buffer_queue'), 'degraded')
      await collector.probeUntil(
        '/readyz',
        (answer) =>
          answer.code === 200 &&
          messageOf(answer, 'dakr_transport') === 'Transport operational' &&
          messageOf(answer, 'buffer_queue') === 'Buffer is operational',
      )
      assert.equal(await collector.stop(), 0, collector.output)
      const account = accountIn(collector.output)
      assert.ok(account.dropped > 0)
      assert.equal((await readSamples(out)).length, account.written)
    }))

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

describe('the sample collector, when it can not start', linux, () => {
  /** Ends by itself; all that it says is one or two lines, without a stack. */
  async function refusal(...args: string[]): Promise<readonly [number | null, string]> {
    const collector = new CollectorProcess(...args)
    const [code] = await collector.exited
    assert.doesNotMatch(collector.stderr, /\n\s+at /)
    return [code, collector.stderr]
  }

  it('ends with 2 and names the value for bad options', async () => {
    assert.deepEqual(await refusal('--rate', 'fast'), [
      2,
      'collector: --rate value="fast": must be an integer from 1 to 20000\ntry: npm start -- --help\n',
    ])
  })

  it('ends with 1 and names what is missing where no procfs is mounted', async () => {
    const [code, said] = await refusal('--procfs', '/nowhere')
    assert.equal(code, 1)
    assert.match(said, /^collector: .*\/nowhere\/stat is missing/)
  })

  it('ends with 1 and names the file that it can not write', async () => {
    const [code, said] = await refusal('--port', '0', '--out', '/nowhere/out.ndjson')
    assert.equal(code, 1)
    assert.match(said, /^collector: .*\/nowhere\/out\.ndjson/)
  })

  it('ends with 1 and names the port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    try {
      const { port } = taken.address() as { port: number }
      const [code, said] = await refusal('--port', String(port), '--out', '/dev/null')
      assert.equal(code, 1)
      assert.match(said, new RegExp(`^collector: .*${port}`))
    } finally {
      taken.close()
    }
  })

  it('prints its options on request', async () => {
    const collector = new CollectorProcess('--help')
    assert.deepEqual(await collector.exited, [0, null])
    assert.match(collector.stdout, /--fault F\[@AT\]/)
  })
})
