import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pino } from 'pino'
import { HealthManager } from '../../src/index.js'
import type { HealthStatus } from '../../src/model/health-status.js'
import { pinoObserver } from '../../src/observe/pino-observer.js'

const health = await HealthManager.start()
test.after(() => health.stop())

function rig() {
  const lines: Record<string, unknown>[] = []
  const logger = pino({ base: null, timestamp: false }, { write: (l) => lines.push(JSON.parse(l)) })
  return { lines, observer: pinoObserver(logger) }
}

function transition(newStatus: HealthStatus, message = 'm', metadata: Record<string, string> = {}) {
  return { number: 7, component: 'c', oldStatus: 1, newStatus, message, metadata, at: 0 } as const
}

const INFO = 30
const WARN = 40
const ERROR = 50

for (const [status, name, level] of [
  [0, 'unspecified', INFO],
  [1, 'healthy', INFO],
  [2, 'degraded', WARN],
  [3, 'unhealthy', ERROR],
] as const) {
  test(`logs a transition to ${name} with level ${level}`, () => {
    const { lines, observer } = rig()
    observer(transition(status), health)
    assert.deepEqual(lines, [
      {
        level,
        component: 'c',
        old_status: 'healthy',
        new_status: name,
        transition: 7,
        msg: 'm',
      },
    ])
  })
}

test('logs the metadata, which does not replace what the transition says', () => {
  const { lines, observer } = rig()
  observer(transition(1, '', { queue: '7', component: 'other' }), health)
  assert.equal(lines[0]?.['queue'], '7')
  assert.equal(lines[0]?.['component'], 'c')
  assert.equal(lines[0]?.['msg'], 'status changed')
})

test('logs a gap as a warning', () => {
  const { lines, observer } = rig()
  observer.onGap({ missed: 3 }, health)
  assert.deepEqual(lines, [
    { level: WARN, missed: 3, msg: 'transitions were missed by their observer' },
  ])
})
