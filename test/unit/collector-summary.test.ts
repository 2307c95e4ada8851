// The account at the end: every sample that was produced is written, dropped, or said to be abandoned.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accountOf, summaryLine, verdictsOf } from '../../examples/collector/summary.js'
import { HealthError } from '../../src/index.js'

const TOTALS = {
  accepted: 90,
  dropped: 10,
  missed: 0,
  depth: 0,
  written: 90,
  writtenBytes: 3 * 2 ** 20,
  pending: 0,
}

describe('accountOf', () => {
  it('balances when all that was accepted is written', () => {
    assert.deepEqual(accountOf(TOTALS), {
      line: 'produced 100 = written 90 + dropped 10 (3.0 MiB)',
      abandoned: 0,
      isBalanced: true,
    })
  })

  it('names what was left in the queue and in the sink, and readings that were missed', () => {
    const account = accountOf({ ...TOTALS, written: 80, depth: 7, pending: 3, missed: 5 })
    assert.equal(account.abandoned, 10)
    assert.equal(
      account.line,
      'produced 100 = written 80 + dropped 10 + abandoned 10 (3.0 MiB, 5 readings missed)',
    )
  })

  it('says so when a sample is missing or written twice', () => {
    for (const written of [89, 91]) {
      const account = accountOf({ ...TOTALS, written })
      assert.equal(account.isBalanced, false)
      assert.match(account.line, /THE SUMS DO NOT MATCH$/)
    }
  })
})

describe('summaryLine', () => {
  const interval = {
    elapsedMs: 2_004,
    intervalMs: 500,
    before: { ...TOTALS, accepted: 50, dropped: 0 },
    now: TOTALS,
  }

  it('shows the rate of the interval and the totals', () => {
    const verdicts = { liveness: undefined, readiness: undefined, unwell: [] }
    assert.equal(
      summaryLine(interval, 32, verdicts),
      '   2 s    100 samples/s  written 90  dropped 10  queue 0/32  live: yes  ready: yes',
    )
  })

  it('shows why a verdict fails, and which components are not well', () => {
    const verdicts = { liveness: 'a', readiness: 'b', unwell: ['buffer_queue degraded'] }
    assert.match(
      summaryLine(interval, 32, verdicts),
      / live: a {2}ready: b {2}buffer_queue degraded$/,
    )
  })
})

describe('verdictsOf', () => {
  const failing = (error: Error) => () => {
    throw error
  }

  it('is unknown while the runtime is away, and lets other errors through', () => {
    const away = failing(new HealthError('ERR_HEALTH_UNAVAILABLE', 'no first snapshot'))
    assert.deepEqual(verdictsOf({ livenessCheck: away, checkReadiness: away }), {
      liveness: 'unknown',
      readiness: 'unknown',
      unwell: [],
    })
    const broken = failing(new TypeError('a mistake'))
    assert.throws(() => verdictsOf({ livenessCheck: broken, checkReadiness: broken }), TypeError)
  })
})
