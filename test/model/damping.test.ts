// The manager is killed at each Atomics operation over updates of a damped component: each counts once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRules } from '../../src/memory/rules-block.js'
import { encodeText } from '../../src/memory/text.js'
import { NO_RULES } from '../../src/model/component-rules.js'
import { HealthReader } from '../../src/runtime/health-reader.js'
import { assertSound } from './harness/audit.js'
import { LastRegion, Rig } from './harness/rig.js'
import { forEachPoint, kill } from './harness/simulation.js'

const POLICY = { liveness: ['a'], readiness: [], unregistered: 'skip' } as const

/** Healthy, then unhealthy so many times; verdicts fail with the third. */
function begin(applied: number) {
  const rig = new Rig()
  const producer = rig.producer()
  const rules = encodeRules({
    ...NO_RULES,
    failAfter: 3,
    recoverAfter: 2,
    unhealthyAfterMs: 60_000,
  })
  producer.attachment.register(encodeText('a', 255), rules)
  rig.settleAll()
  const reporter = producer.reporter('a')
  reporter.healthy('fine')
  rig.settleAll()
  for (let i = 0; i < applied; i++) {
    reporter.unhealthy('broken')
    rig.settleAll()
  }
  return { rig, reporter }
}

function isAlive({ region }: Rig): boolean {
  return new HealthReader(region, POLICY, 0).livenessCheck() === undefined
}

for (const applied of [0, 1, 2]) {
  test(`an update counts once when the manager is killed over it, after ${applied} of the same`, () => {
    const last = new LastRegion()
    const points = forEachPoint((point) => {
      const { rig, reporter } = begin(applied)
      reporter.unhealthy('broken')
      const isReached = kill(point, () => rig.settleAll())
      if (last.isRepeated(rig.region)) return isReached
      rig.restart()
      rig.settleAll()
      assertSound(rig.region)
      for (let count = applied + 1; count < 3; count++) {
        assert.ok(isAlive(rig), `after ${count} updates`)
        reporter.unhealthy('broken')
        rig.settleAll()
      }
      assert.ok(!isAlive(rig))
      // Nor has it forgotten what it was taken for.
      reporter.healthy('fine')
      rig.settleAll()
      assert.ok(!isAlive(rig))
      reporter.healthy('fine')
      rig.settleAll()
      assert.ok(isAlive(rig))
      return isReached
    })
    assert.ok(points >= 20, `points=${points}`)
  })
}
