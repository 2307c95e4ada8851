// The state machine of memory pressure, with a clock and readings of the test's own.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { type ComponentReporter, HealthStatus } from '../../src/index.js'
import type { CgroupMemory } from '../../src/watch/cgroup.js'
import { MemoryPressure, twoDecimals } from '../../src/watch/memory-pressure.js'
import {
  type MemoryPressureOptions,
  resolveMemoryPressure,
} from '../../src/watch/memory-pressure-options.js'

const MINUTES = 60_000
const APPROACHING = 'Approaching container memory limit'
const NORMAL = 'Memory usage back to normal'

class Scene {
  time = 0
  reading: CgroupMemory | Error = new Error('nothing to read yet')
  /** What the component and the logger got, one after the other. */
  readonly told: unknown[] = []
  updateError: Error | undefined
  loggerError: Error | undefined
  readonly #pressure: MemoryPressure

  constructor(
    options: MemoryPressureOptions = {},
    status: HealthStatus = HealthStatus.Unspecified,
  ) {
    const log = (level: string) => (fields: object, message: string) => {
      if (this.loggerError) throw this.loggerError
      this.told.push({ level, fields, message })
    }
    const reporter: Pick<ComponentReporter, 'update'> = {
      update: (...update) => {
        if (this.updateError) throw this.updateError
        this.told.push(update)
      },
    }
    this.#pressure = new MemoryPressure(resolveMemoryPressure(options, 'options'), {
      read: () => {
        if (this.reading instanceof Error) throw this.reading
        return this.reading
      },
      now: () => this.time,
      reporter,
      status,
      logger: { info: log('info'), warn: log('warn') },
    })
  }

  /** Checks a reading; gives what was told of it. */
  meet(reading: CgroupMemory | Error): unknown[] {
    this.reading = reading
    this.#pressure.check()
    return this.told.splice(0)
  }

  /** Checks a usage of 1,000 bytes. */
  look(usage: number, time = this.time): unknown[] {
    this.time = time
    return this.meet({ usageBytes: BigInt(usage), limitBytes: 1000n, pressure: {} })
  }
}

const metadataOf = (usage: number, percent: string) => ({
  usage_bytes: `${usage}`,
  limit_bytes: '1000',
  usage_percent: percent,
})

function reportOf(level: 'warn' | 'info', usage: number, percent: string) {
  const metadata = metadataOf(usage, percent)
  const message = level === 'warn' ? APPROACHING : NORMAL
  const status = level === 'warn' ? HealthStatus.Degraded : HealthStatus.Healthy
  const fields = { source: 'MemoryPressureMonitor', ...metadata }
  return [[status, message, metadata], { level, fields, message }]
}

test('usage below the threshold is nothing to report', () => {
  const scene = new Scene()
  assert.deepEqual(scene.look(849), [])
  assert.deepEqual(scene.look(0), [])
})

test('a crossing of the threshold is reported once, and the way back, too', () => {
  const scene = new Scene()
  assert.deepEqual(scene.look(850), reportOf('warn', 850, '85.00'))
  assert.deepEqual(scene.look(900), [])
  assert.deepEqual(scene.look(849), reportOf('info', 849, '84.90'))
  assert.deepEqual(scene.look(849), [])
})

test('there is no hysteresis: usage that flaps is reported each time', () => {
  const scene = new Scene()
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(scene.look(850), reportOf('warn', 850, '85.00'))
    assert.deepEqual(scene.look(849), reportOf('info', 849, '84.90'))
  }
})

test('usage that stays above is reported again ten minutes after the last report', () => {
  const scene = new Scene()
  scene.look(900, 5 * MINUTES)
  assert.deepEqual(scene.look(910, 15 * MINUTES - 1), [])
  assert.deepEqual(scene.look(920, 15 * MINUTES), reportOf('warn', 920, '92.00'))
  assert.deepEqual(scene.look(930, 25 * MINUTES - 1), [])
  assert.deepEqual(scene.look(930, 25 * MINUTES), reportOf('warn', 930, '93.00'))
})

test('threshold and time of re-affirmation can be set, and metadata names the version', () => {
  const scene = new Scene({ thresholdPercent: 12.5, reaffirmMs: 10, version: 'v1.2.3' })
  assert.deepEqual(scene.look(124), [])
  const [update] = scene.look(125)
  assert.deepEqual(update, [
    HealthStatus.Degraded,
    APPROACHING,
    { ...metadataOf(125, '12.50'), version: 'v1.2.3' },
  ])
  assert.deepEqual(scene.look(125, 9), [])
  assert.equal(scene.look(125, 10).length, 2)
})

test('metadata holds the pressure that the kernel tells', () => {
  const pressure = { psi_some_avg10: '1.50' }
  const [update] = new Scene().meet({ usageBytes: 900n, limitBytes: 1000n, pressure })
  assert.deepEqual(update, [
    HealthStatus.Degraded,
    APPROACHING,
    { ...metadataOf(900, '90.00'), ...pressure },
  ])
})

test('usage beyond the numbers that are exact is told exactly', () => {
  const bytes = 2n ** 53n + 1n
  const [update] = new Scene().meet({ usageBytes: bytes, limitBytes: bytes, pressure: {} })
  assert.deepEqual(update, [
    HealthStatus.Degraded,
    APPROACHING,
    {
      usage_bytes: '9007199254740993',
      limit_bytes: '9007199254740993',
      usage_percent: '100.00',
    },
  ])
})

/** What a check can meet instead of usage to judge, and what is said then. */
const OBSTACLES: [name: string, reading: CgroupMemory | Error, level: string, message: string][] = [
  [
    'a read error',
    new Error('/x/memory.current: ""'),
    'warn',
    'memory usage can\'t be read: /x/memory.current: ""',
  ],
  [
    'no limit',
    { usageBytes: 900n, limitBytes: undefined, pressure: {} },
    'info',
    'no memory limit is set: nothing to compare usage with',
  ],
  [
    'a limit of 0',
    { usageBytes: 900n, limitBytes: 0n, pressure: {} },
    'info',
    'the memory limit is 0: nothing to compare usage with',
  ],
]

for (const [name, reading, level, message] of OBSTACLES) {
  const line = { level, fields: { source: 'MemoryPressureMonitor' }, message }

  test(`${name} before any report is said once, by a component that stays unspecified`, () => {
    const scene = new Scene()
    for (let time = 0; time < 2; time++) {
      assert.deepEqual(scene.meet(reading), [[HealthStatus.Unspecified, message], line])
      assert.deepEqual(scene.meet(reading), [])
      assert.deepEqual(scene.look(10), [[HealthStatus.Unspecified, '']])
    }
  })

  test(`${name} leaves what was reported, and the state, as they were`, () => {
    const scene = new Scene()
    scene.look(900)
    assert.deepEqual(scene.meet(reading), [line])
    assert.deepEqual(scene.meet(reading), [])
    assert.deepEqual(scene.look(910), [])
    assert.deepEqual(scene.meet(reading), [line])
    assert.deepEqual(scene.look(100), reportOf('info', 100, '10.00'))
  })
}

test('a report that could not be made is made by the next check', () => {
  const scene = new Scene()
  scene.updateError = new Error('full')
  assert.throws(() => scene.look(900), { message: 'full' })
  assert.throws(() => scene.meet(new Error('unreadable')), { message: 'full' })
  scene.updateError = undefined
  assert.deepEqual(scene.look(901), reportOf('warn', 901, '90.10'))
  scene.updateError = new Error('full')
  assert.throws(() => scene.look(100), { message: 'full' })
  scene.updateError = undefined
  assert.deepEqual(scene.look(101), reportOf('info', 101, '10.10'))
})

test('a logger that throws is warned of, and changes nothing', async () => {
  const scene = new Scene()
  scene.loggerError = new Error('disk full')
  const warned = once(process, 'warning')
  assert.equal(scene.look(900).length, 1)
  const [warning] = await warned
  assert.match(warning.message, /^the logger of a MemoryPressureMonitor threw: disk full$/)
  scene.loggerError = undefined
  assert.deepEqual(scene.look(900), [])
})

test('a successor finds a degraded component and takes it back, or says it anew', () => {
  assert.deepEqual(new Scene({}, HealthStatus.Degraded).look(100), reportOf('info', 100, '10.00'))
  assert.deepEqual(new Scene({}, HealthStatus.Degraded).look(900), reportOf('warn', 900, '90.00'))
})

test('a successor of one that has reported does not unsay it', () => {
  const scene = new Scene({}, HealthStatus.Healthy)
  assert.deepEqual(scene.look(100), [])
  const [line, ...more] = scene.meet(new Error('gone'))
  assert.deepEqual(more, [])
  assert.equal((line as { message: string }).message, "memory usage can't be read: gone")
})

test('percent is written as by %.2f of Go: ties to even', () => {
  const cases: [number, string][] = [
    [0, '0.00'],
    [90, '90.00'],
    [85.125, '85.12'],
    [85.375, '85.38'],
    [85.625, '85.62'],
    [85.875, '85.88'],
    [85.005, '85.00'],
    [86.015, '86.02'],
    [99.999, '100.00'],
    [85.25, '85.25'],
  ]
  for (const [value, text] of cases) assert.equal(twoDecimals(value), text)
})
