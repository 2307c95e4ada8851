import { test } from 'node:test'
import fc from 'fast-check'
import type { HealthStatus } from '../../src/model/health-status.js'
import { simulate } from '../model/harness/simulation.js'
import { OverlayWorld, type Step } from './overlay-world.js'
import { check } from './support.js'

const name = fc.constantFrom('a', 'a', 'b', 'c')
const thread = fc.nat(1)
const patience = fc.constantFrom(0, 0, 2, 3, -100, -2_000)
const afterMs = fc.constantFrom(0, 10, 95, 1_000, 5_000)
const rules = fc.option(
  fc.record({
    degradedAfterMs: afterMs,
    unhealthyAfterMs: afterMs,
    stallMs: afterMs,
    failAfter: patience,
    recoverAfter: patience,
  }),
  { nil: undefined },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('update'),
      thread,
      name,
      status: fc.constantFrom<HealthStatus>(0, 1, 1, 2, 3),
      message: fc.constantFrom('', 'ok', 'why'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('beat'), thread, name }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('progress'),
      name,
      input: fc.nat(2),
      output: fc.constantFrom(0, 0, 1),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('register'), name, rules }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deregister'), name }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('pass'),
      ms: fc.constantFrom(1, 10, 11, 100, 995, 1_010, 1_020, 6_000),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('apply') }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle'),
      deaths: fc.array(fc.nat(250), { maxLength: 3 }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read') }) },
)

test('what is shown, told and judged of components with rules is what the clock and their reports say', () => {
  const begun = fc.array(rules, { minLength: 2, maxLength: 2 })
  const program = fc.array(step, { maxLength: 60, size: 'max' })
  check(
    fc.property(begun, program, ([first, second], steps) => {
      simulate(() => {
        const world = new OverlayWorld()
        world.do({ kind: 'register', name: 'a', rules: first })
        world.do({ kind: 'register', name: 'b', rules: second })
        for (const each of steps) world.do(each)
        world.finish()
      })
    }),
    500,
  )
})
