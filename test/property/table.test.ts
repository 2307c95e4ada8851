import { test } from 'node:test'
import fc from 'fast-check'
import type { HealthStatus } from '../../src/model/health-status.js'
import { anyMetadata, anyText, check, nearWrap } from './support.js'
import { type Step, TableWorld } from './table-world.js'

const thread = fc.nat(3)
/** More than there are slots. Their order by UTF-16 units would be another than by bytes. */
const name = fc.constantFrom(
  'collector_manager',
  'dakr_transport',
  '😀',
  '\uffee',
  '__proto__',
  'é'.repeat(127),
)
const message = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('', 'ok', 'slow') },
  { weight: 1, arbitrary: anyText(30) },
)
const metadata = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(null, undefined, {}, { a: '1' }, { a: '2' }) },
  { weight: 1, arbitrary: anyMetadata(3) },
)
const status = fc.constantFrom<HealthStatus>(0, 1, 2, 3)
const update: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('update'),
  thread,
  name,
  status,
  message,
  metadata,
})
const register = fc.record({ kind: fc.constant('register'), thread, name })
const deregister = fc.record({ kind: fc.constant('deregister'), thread, name })
const standby = fc.record({ kind: fc.constant('standby'), thread, isOn: fc.boolean() })
const suppress = fc.record({
  kind: fc.constant('suppress'),
  thread,
  isLiveness: fc.boolean(),
  deadline: fc.constantFrom(0, 1, 1e15, 1e15 + 0.125),
})
const reattach = fc.record({ kind: fc.constant('reattach'), thread })
const run = fc.record({
  kind: fc.constant('run'),
  count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(1000)),
})
const crash = fc.record({
  kind: fc.constant('crash'),
  at: fc.constantFrom('rest', 'batch', 'beforeCommit', 'beforeAdvance'),
})
const jump = fc.record({
  kind: fc.constant('jump'),
  times: fc.constantFrom(1, 1, 2, 9),
})
const read = fc.constant({ kind: 'read' } as const)
const glance = fc.record({
  kind: fc.constant('glance'),
  names: fc.array(name, { minLength: 1, maxLength: 3 }),
})

function programOf(...steps: [weight: number, step: fc.Arbitrary<Step>][]) {
  const arbitraries = steps.map(([weight, arbitrary]) => ({ weight, arbitrary }))
  return fc.array(fc.oneof(...arbitraries), { maxLength: 100, size: 'max' })
}

const calls = [
  [12, update],
  [5, register],
  [3, deregister],
  [1, standby],
  [1, suppress],
] satisfies [number, fc.Arbitrary<Step>][]
const threads = fc.integer({ min: 1, max: 4 })

/** Few words about one component, so that most of what is said was said before. */
function repetitive(thread: fc.Arbitrary<number>): [number, fc.Arbitrary<Step>][] {
  const name = fc.constant('collector_manager')
  const said: fc.Arbitrary<Step> = fc.record({
    kind: fc.constant('update'),
    thread,
    name,
    status: fc.constantFrom<HealthStatus>(1, 2),
    message: fc.constant('ok'),
    metadata: fc.constantFrom(null, { a: '1' }, { a: '2' }),
  })
  const entered = fc.record({ kind: fc.constantFrom('register', 'deregister'), thread, name })
  return [
    [12, said],
    [2, entered],
  ]
}

function runProgram(threadCount: number, firstTicket: number, program: readonly Step[]): void {
  const world = new TableWorld(threadCount, firstTicket)
  for (const step of program) world.do(step)
  world.finish()
}

test('readers see what the reference would answer after the records applied so far', () => {
  const program = programOf(...calls, [6, run], [3, read], [2, glance], [1, reattach])
  check(fc.property(threads, nearWrap, program, runProgram), 400)
})

test('a manager that takes over goes on where its predecessor died, wherever that was', () => {
  const program = programOf(...calls, [4, run], [4, crash], [2, read], [1, glance], [1, reattach])
  check(fc.property(threads, nearWrap, program, runProgram), 400)
})

test('tickets go around without an effect, and idle components keep taking updates', () => {
  const program = programOf(...calls, [4, run], [2, crash], [2, jump], [2, read], [1, glance])
  check(fc.property(threads, nearWrap, program, runProgram), 300)
})

test('what was said already is said again only if somebody has spoken since', () => {
  const program = programOf(...repetitive(fc.nat(1)), [2, run], [1, crash], [1, read])
  check(fc.property(threads, nearWrap, program, runProgram), 400)
})
