// The sample collector from outside: exit codes, signals, files, and what the probes say while all is well.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import {
  type Answer,
  accountIn,
  assertNumbered,
  CollectorProcess,
  linux,
  messageOf,
  readSamples,
  withCollector,
} from './collector-process.js'
import { withoutFallbackNotice } from './transports.js'

describe('the sample collector', linux, () => {
  it('ends by itself with 0, and every sample that it produced is written or counted as dropped', () =>
    withCollector(['--seconds', '2'], async (collector, out) => {
      const [code] = await collector.exited
      assert.equal(code, 0, collector.output)
      const told = withoutFallbackNotice(collector.stderr).trimEnd().split('\n')
      for (const [index, line] of told.entries()) {
        assert.match(line, new RegExp(`^transition ${index + 1}: \\w+ \\w+ -> \\w+: `))
      }
      const last = 'transition \\d+: collector_manager healthy -> unhealthy: All collectors stopped'
      assert.match(collector.stderr, new RegExp(`^${last}$`, 'm'))
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

  it('posts each transition where the environment says to', async () => {
    const posted: number[] = []
    const server = createServer(async (request, response) => {
      let text = ''
      for await (const chunk of request) text += chunk
      for (const { number } of JSON.parse(text).transitions) posted.push(number)
      response.end()
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    process.env['WEBHOOK_URL'] = `http://127.0.0.1:${port}/`
    try {
      await withCollector(['--seconds', '1'], async (collector) => {
        const [code] = await collector.exited
        assert.equal(code, 0, collector.output)
        const written = [...collector.stderr.matchAll(/^transition (\d+):/gm)]
        assert.ok(written.length > 0)
        assert.deepEqual(
          posted,
          written.map(([, number]) => Number(number)),
        )
      })
    } finally {
      delete process.env['WEBHOOK_URL']
      server.closeAllConnections()
      server.close()
    }
  })

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
        'event_loop',
        'memory_pressure',
        'sample_sink',
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
      const [, page] = await collector.said(/fleet +(http:\S+)/)
      const fleet = (await (await fetch(`${page}fleet.json`)).json()) as {
        operators: { clusterId: string; components: { name: string }[] }[]
      }
      assert.equal(fleet.operators[0]?.clusterId, 'local')
      assert.deepEqual(
        fleet.operators[0]?.components.map(({ name }) => name),
        Object.keys(live.components),
      )
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
