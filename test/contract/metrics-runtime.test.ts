// Metrics of a real runtime, scraped over HTTP: exact, and there whatever else is stuck or dead.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, type TestContext, test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import {
  HealthManager,
  type HealthManagerOptions,
  HealthServer,
  type HealthServerOptions,
  HealthStatus,
} from '../../src/index.js'
import { JournalReader } from '../../src/memory/journal-reader.js'
import { openRegion } from '../../src/memory/region.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'
import { transports } from '../e2e/transports.js'
import { samplesOf } from '../unit/metrics-support.js'

const { Healthy, Degraded, Unhealthy } = HealthStatus

async function start(
  t: TestContext,
  serverOptions: HealthServerOptions,
  options: HealthManagerOptions = {},
) {
  const health = await HealthManager.start(options)
  t.after(() => health.stop())
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    readTimeoutMs: 1_000,
    ...serverOptions,
  })
  const { port } = await server.start()
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  return { health, port, get, scrape: () => get('/metrics') }
}

function transitionsOf(text: string, component: string): number[] {
  return samplesOf(text, 'health_transitions_total')
    .filter((line) => line.includes(`component="${component}"`))
    .map((line) => Number(line.split(' ').at(-1)))
}

for (const transport of transports) {
  describe(`metrics over ${transport}`, { timeout: 120_000 }, () => {
    test('count 100,000 transitions exactly, though the journal keeps 64 and the manager dies', async (t) => {
      const { health, scrape } = await start(t, { transport }, { journalBytes: 4_096 })
      const flipping = health.register('flipping')
      const other = health.register('other')
      const restarted = new Promise((resolve) => health.on('restart', resolve))
      for (let i = 0; i < 50_000; i++) {
        flipping.update(i % 2 === 0 ? Unhealthy : Healthy, `flip ${i % 7}`)
        if (i % 1_000 === 0) other.update(i % 2_000 === 0 ? Degraded : Healthy, 'now and then')
      }
      await terminateManagerForFault(health)
      for (let i = 50_000; i < 100_000; i++) {
        flipping.update(i % 4 === 0 ? Degraded : i % 2 === 0 ? Unhealthy : Healthy, 'on and on')
        if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
      }
      await restarted
      await health.flush()
      const text = await scrape()
      assert.deepEqual(transitionsOf(text, 'flipping'), [0, 50_000, 12_500, 37_500])
      assert.deepEqual(transitionsOf(text, 'other'), [0, 25, 25, 0])
      assert.match(text, /^health_journal_transitions_total 100050$/m)
      assert.match(text, /^health_actor_restarts_total\{actor="manager"\} 1$/m)
    })

    test('tell of readers that were lapped, as the stats do', async (t) => {
      const { health, scrape } = await start(t, { transport }, { journalBytes: 4_096 })
      const lapped = new JournalReader(openRegion(health.handle().region), 'oldest')
      const reporter = health.register('x')
      for (let i = 0; i < 100; i++) reporter.update(i % 2 === 0 ? Healthy : Degraded, '')
      await health.flush()
      assert.match(await scrape(), /^health_journal_gaps_total 0$/m)
      assert.ok('missed' in lapped.next()!)
      assert.match(await scrape(), /^health_journal_gaps_total 1$/m)
      assert.equal((await health.stats()).journalGaps, 1)
    })

    test('tell each update in the next scrape', async (t) => {
      const { health, scrape } = await start(t, { transport })
      const reporter = health.register('collector_manager')
      for (const [status, passes] of [
        [Healthy, 1],
        [Unhealthy, 0],
        [Degraded, 1],
      ] as const) {
        reporter.update(status, '')
        const [line] = samplesOf(await scrape(), 'kubernetes_healthcheck')
        assert.equal(
          line,
          `kubernetes_healthcheck{name="collector_manager",type="livez"} ${passes}`,
        )
      }
    })

    test('are there while the thread that started everything is blocked', async (t) => {
      const { health, port } = await start(t, { transport })
      health.register('collector_manager').healthy()
      const program = `fetch('http://127.0.0.1:${port}/metrics').then(async (response) => console.log(await response.text()))`
      // Blocks this thread until the other process has its answer.
      const { stdout, status } = spawnSync(process.execPath, ['--eval', program], {
        encoding: 'utf8',
        timeout: 60_000,
      })
      assert.equal(status, 0)
      assert.deepEqual(transitionsOf(stdout, 'collector_manager'), [0, 1, 0, 0])
    })

    test('go on after the probe actor has died, and say that it did', async (t) => {
      const orders = new BroadcastChannel('probe-orders')
      t.after(() => orders.close())
      let tell = () => {}
      const restarted = new Promise<void>((resolve) => (tell = resolve))
      const workerBaseUrl = new URL('../e2e/fixtures/crashing-workers/', import.meta.url)
      const { health, get, scrape } = await start(t, {
        transport,
        workerBaseUrl,
        onRestart: () => tell(),
      })
      health.register('collector_manager').healthy()
      await get('/livez')
      orders.postMessage('exit')
      await restarted
      const text = await scrape()
      assert.match(text, /^health_actor_restarts_total\{actor="probe"\} 1$/m)
      // Its own counters begin anew, those of the runtime do not.
      assert.match(text, /^health_probe_requests_total\{path="\/livez",code="200"\} 0$/m)
      assert.deepEqual(transitionsOf(text, 'collector_manager'), [0, 1, 0, 0])
    })
  })
}

test('a server that shows details to nobody names no component in its metrics', async (t) => {
  const { health, scrape } = await start(t, { detail: 'never' })
  health.register('collector_manager').healthy()
  const text = await scrape()
  assert.doesNotMatch(text, /collector_manager|dakr_transport/)
  assert.match(text, /^health_components 1$/m)
})
