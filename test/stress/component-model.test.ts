// The sequential object that the runtime is compared with must itself say what the reference says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkLinearizable } from './linearizability-checker.js'
import {
  type Answer,
  type Call,
  componentModel,
  type Recorded,
  type Seen,
  wholeModel,
} from './support/component-model.js'

// One line an operation: thread, call, answer, interval.
const op = (
  thread: number,
  input: Call,
  output: Answer,
  invokedAt: number,
  returnedAt: number,
): Recorded => ({
  thread,
  input,
  output,
  invokedAt,
  returnedAt,
})
const seen = (status: number, message: string, metadata = '{}'): Seen => ({
  status,
  message,
  metadata,
})
const update = (status: number, message: string, metadata: string | null = null, component = 0) =>
  ({ kind: 'update', component, byReporter: false, status, message, metadata }) as const
const byReporter = (status: number, message: string) => ({
  ...update(status, message),
  byReporter: true,
})
const register0 = { kind: 'register', component: 0 } as const
const get0 = { kind: 'getStatus', component: 0 } as const
const accepts = (history: Recorded[]) =>
  checkLinearizable(componentModel(0), history).isLinearizable
const acceptsWhole = (history: Recorded[]) => checkLinearizable(wholeModel, history).isLinearizable

test('the component model knows registration, ignored updates and kept metadata', () => {
  const lifeOfOne = [
    op(0, update(1, 'too early'), {}, 1, 2),
    op(0, get0, { seen: null }, 3, 4),
    op(0, register0, {}, 5, 6),
    op(0, get0, { seen: seen(0, '') }, 7, 8),
    op(0, update(1, 'a', '{"k":"1"}'), {}, 9, 10),
    op(0, register0, {}, 11, 12),
    op(0, update(2, 'b'), {}, 13, 14),
    op(0, get0, { seen: seen(2, 'b', '{"k":"1"}') }, 15, 16),
    op(0, update(2, 'b', '{}'), {}, 17, 18),
    op(0, get0, { seen: seen(2, 'b') }, 19, 20),
    op(0, { kind: 'deregister', component: 0, byReporter: false }, {}, 21, 22),
    op(0, get0, { seen: null }, 23, 24),
  ]
  assert.ok(accepts(lifeOfOne))
})

test('the component model rejects an update that was dropped', () => {
  assert.ok(
    !accepts([
      op(0, register0, {}, 1, 2),
      op(0, update(1, 'a'), {}, 3, 4),
      op(1, get0, { seen: seen(0, '') }, 5, 6),
    ]),
  )
})

test('the component model rejects metadata that null did not keep', () => {
  const history = [
    op(0, register0, {}, 1, 2),
    op(0, update(1, 'a', '{"k":"1"}'), {}, 3, 4),
    op(0, update(1, 'b', null), {}, 5, 6),
    op(0, get0, { seen: seen(1, 'b') }, 7, 8),
  ]
  assert.ok(!accepts(history))
})

test('the component model takes a reporter for its name, also after another registration', () => {
  const history = [
    op(0, register0, {}, 1, 2),
    op(1, { kind: 'deregister', component: 0, byReporter: false }, {}, 3, 4),
    op(0, byReporter(2, 'to nobody'), {}, 5, 6),
    op(1, register0, {}, 7, 8),
    op(1, get0, { seen: seen(0, '') }, 9, 10),
    op(0, byReporter(2, 'to the new one'), {}, 11, 12),
    op(2, get0, { seen: seen(2, 'to the new one') }, 13, 14),
  ]
  assert.ok(accepts(history))
})

const registerBoth = [
  op(0, register0, {}, 1, 2),
  op(0, { kind: 'register', component: 1 }, {}, 3, 4),
]
const report = (...statuses: (Seen | null)[]): Answer => ({ report: [...statuses, null] })

test('the whole model rejects a report that is torn between two components', () => {
  // Component 0 is updated before component 1, so nobody may see the second update without the first.
  const writes = [op(0, update(1, 'x'), {}, 5, 20), op(0, update(1, 'y', null, 1), {}, 21, 30)]
  const torn = op(1, { kind: 'buildReport' }, report(seen(0, ''), seen(1, 'y')), 6, 29)
  const whole = op(1, { kind: 'buildReport' }, report(seen(1, 'x'), seen(0, '')), 6, 29)
  assert.ok(!acceptsWhole([...registerBoth, ...writes, torn]))
  assert.ok(acceptsWhole([...registerBoth, ...writes, whole]))
  // Each component by itself is in order, so the partition alone would have let it through.
  assert.ok(
    accepts(
      [...registerBoth, ...writes, torn].filter(({ input }) => componentModel(0).concerns(input)),
    ),
  )
})

test('the whole model rejects a verdict that contradicts its report', () => {
  const ready = [op(0, update(1, ''), {}, 5, 6), op(0, update(3, '', null, 1), {}, 7, 8)]
  const verdict = (error: string | null) =>
    op(1, { kind: 'checkReadiness' }, { ...report(seen(1, ''), seen(3, '')), error }, 9, 10)
  assert.ok(!acceptsWhole([...registerBoth, ...ready, verdict(null)]))
  assert.ok(
    acceptsWhole([
      ...registerBoth,
      ...ready,
      verdict('dakr_transport is not ready (status: unhealthy)'),
    ]),
  )
})

test('the whole model knows standby, which only readiness reads', () => {
  const standby = op(0, { kind: 'setStandby', standby: true }, {}, 1, 2)
  assert.ok(acceptsWhole([standby, op(1, { kind: 'readinessCheck' }, { error: null }, 3, 4)]))
  assert.ok(!acceptsWhole([op(1, { kind: 'readinessCheck' }, { error: null }, 3, 4)]))
})
