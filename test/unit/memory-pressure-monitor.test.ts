// The monitor that a program runs in a thread of its own choice, on a runtime and a cgroup that are there.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import {
  Component,
  HealthManager,
  HealthStatus,
  MemoryPressureMonitor,
  type MemoryPressureMonitorOptions,
} from '../../src/index.js'
import { CgroupFixture, legacy, unified } from '../memory-fixture.js'

const NAME = Component.MemoryPressure

async function startRuntime(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  return health
}

test('the component is registered at once, and reported at the crossings', async (t) => {
  const health = await startRuntime(t)
  const fixture = new CgroupFixture(t, legacy('100', '1000'))
  const monitor = new MemoryPressureMonitor({ manager: health, root: fixture.root, version: 'v1' })
  const shown = () => {
    const { status, message, metadata } = health.getStatus(NAME)!
    return { status, message, metadata: { ...metadata } }
  }
  const untouched = { status: HealthStatus.Unspecified, message: '', metadata: {} }
  assert.deepEqual(shown(), untouched)
  monitor.check()
  assert.deepEqual(shown(), untouched)
  fixture.write('memory/memory.usage_in_bytes', '912\n')
  monitor.check()
  const above = {
    status: HealthStatus.Degraded,
    message: 'Approaching container memory limit',
    metadata: {
      usage_bytes: '912',
      limit_bytes: '1000',
      usage_percent: '91.20',
      version: 'v1',
    },
  }
  assert.deepEqual(shown(), above)
  fixture.write('memory/memory.usage_in_bytes', '913\n')
  monitor.check()
  assert.deepEqual(shown(), above)
  fixture.write('memory/memory.usage_in_bytes', '849\n')
  monitor.check()
  assert.deepEqual(shown(), {
    status: HealthStatus.Healthy,
    message: 'Memory usage back to normal',
    metadata: { ...above.metadata, usage_bytes: '849', usage_percent: '84.90' },
  })
  assert.equal(health.livenessCheck(), undefined)
})

test('a monitor that finds its component degraded takes over from there', async (t) => {
  const health = await startRuntime(t)
  const fixture = new CgroupFixture(t, unified('900', '1000'))
  new MemoryPressureMonitor({ manager: health, root: fixture.root }).check()
  fixture.write('memory.current', '100')
  new MemoryPressureMonitor({ manager: health, root: fixture.root }).check()
  assert.equal(health.getStatus(NAME)?.status, HealthStatus.Healthy)
})

test('without a manager reports are log lines', (t) => {
  const fixture = new CgroupFixture(t, unified('900', '1000'))
  const lines: unknown[] = []
  const logger = {
    info: (...line: unknown[]) => lines.push(['info', ...line]),
    warn: (...line: unknown[]) => lines.push(['warn', ...line]),
  }
  new MemoryPressureMonitor({ root: fixture.root, logger }).check()
  const fields = { usage_bytes: '900', limit_bytes: '1000', usage_percent: '90.00' }
  assert.deepEqual(lines, [
    ['warn', { source: 'MemoryPressureMonitor', ...fields }, 'Approaching container memory limit'],
  ])
})

test('start checks at once and then at each interval, until the signal aborts', async (t) => {
  const fixture = new CgroupFixture(t, unified('900', '1000'))
  const ending = new AbortController()
  const lines: string[] = []
  const logger = {
    info: () => {},
    warn: (_: unknown, message: string) => {
      lines.push(message)
      if (lines.length === 3) ending.abort()
    },
  }
  const monitor = new MemoryPressureMonitor({
    root: fixture.root,
    logger,
    intervalMs: 1,
    reaffirmMs: 0,
  })
  // The monitor's own timer does not keep this process.
  const keepAlive = setInterval(() => {}, 1 << 30)
  t.after(() => clearInterval(keepAlive))
  const ended = monitor.start(ending.signal)
  assert.equal(lines.length, 1)
  await ended
  assert.equal(lines.length, 3)
  await monitor.start(ending.signal)
  assert.equal(lines.length, 3)
})

test('a stop of the runtime ends it', async (t) => {
  const health = await startRuntime(t)
  const fixture = new CgroupFixture(t, unified('900', '1000'))
  const monitor = new MemoryPressureMonitor({ manager: health, root: fixture.root })
  await health.stop()
  await monitor.start()
  assert.throws(() => monitor.check(), { code: 'ERR_HEALTH_STOPPED' })
})

test('a report that fails is warned of and made again', async (t) => {
  const fixture = new CgroupFixture(t, unified('900', '1000'))
  const ending = new AbortController()
  let updates = 0
  const reporter = {
    update: () => {
      if (++updates === 1) throw new Error('no room')
      ending.abort()
    },
  }
  const manager = { register: () => reporter, getStatus: () => undefined }
  const options = { manager, root: fixture.root, intervalMs: 1 } as unknown
  const monitor = new MemoryPressureMonitor(options as MemoryPressureMonitorOptions)
  const keepAlive = setInterval(() => {}, 1 << 30)
  t.after(() => clearInterval(keepAlive))
  const warned = once(process, 'warning')
  await monitor.start(ending.signal)
  const [warning] = await warned
  assert.equal(warning.message, 'no room')
  assert.equal(updates, 2)
})

const refused: [options: unknown, message: RegExp][] = [
  [null, /^options=null: must be an object/],
  [{ interval: 5 }, /^options="interval": must be one of thresholdPercent, .*, manager, logger$/],
  [{ intervalMs: 0 }, /^options.intervalMs=0: /],
  [{ manager: {} }, /^manager=an object: must have the methods register and getStatus$/],
  [{ manager: null }, /^manager=null: /],
  [{ logger: { info: () => {} } }, /^logger=an object: must have the methods info and warn$/],
]
for (const [options, message] of refused) {
  test(`a bad argument is refused: ${message}`, () => {
    const given = options as MemoryPressureMonitorOptions
    assert.throws(() => new MemoryPressureMonitor(given), { code: 'ERR_HEALTH_ARGUMENT', message })
  })
}

test('what is no signal is refused', async () => {
  const monitor = new MemoryPressureMonitor()
  await assert.rejects(monitor.start({} as AbortSignal), { message: /^signal=an object: / })
})
