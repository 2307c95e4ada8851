// Four real threads call the runtime at random; the recorded history must have a sequential explanation.
// A failing run is repeated with HEALTH_SEED, as far as the scheduler repeats itself: the calls of each thread
// are the same, their interleaving is not.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthManager } from '../../src/index.js'
import { checkLinearizable } from './linearizability-checker.js'
import { COMPONENTS, componentModel, type Recorded, wholeModel } from './support/component-model.js'
import { withoutAnUpdate, withStaleReads } from './support/history-alterations.js'
import { type DriveOrders, drive } from './support/history-driver.js'
import { explain } from './support/history-text.js'
import { Random } from './support/random.js'
import { runOnce } from './support/run-once.js'
import { startThread } from './support/threads.js'

/** A run that takes this long hangs. */
const DEADLINE_MS = 180_000
const OPERATIONS_PER_THREAD = 5_000
/** Damaged copies of the history, per component and kind of damage. */
const ALTERATIONS = 5

interface Recording {
  readonly seed: number
  readonly history: readonly Recorded[]
  readonly staleReads: number
}

async function record(t: TestContext, seed: number): Promise<Recording> {
  // A read that waits too long answers with an older state by contract, so none may.
  const health = await HealthManager.start({ readTimeoutMs: 60_000, publishTimeoutMs: 60_000 })
  t.after(() => health.stop())
  const gate = new Int32Array(new SharedArrayBuffer(4))
  const clock = new SharedArrayBuffer(4)
  const ordersOf = (thread: number): DriveOrders => ({
    thread,
    seed,
    count: OPERATIONS_PER_THREAD,
    clock,
  })
  const workers = [1, 2, 3].map((thread) =>
    startThread(t, './history-worker.js', {
      handle: health.handle(),
      gate: gate.buffer,
      orders: ordersOf(thread),
    }),
  )
  for (const worker of workers) assert.equal(await worker.next(), 'ready')
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  const history = drive(health, ordersOf(0))
  for (const worker of workers) history.push(...((await worker.next()) as Recorded[]))
  const { staleReads } = await health.stats()
  return { seed, history, staleReads }
}

const recordOnce = runOnce(record)

/** The history as one component sees it. */
function partOf(history: readonly Recorded[], component: number): Recorded[] {
  const model = componentModel(component)
  return history.filter(({ input }) => model.concerns(input))
}

test('calls of 4 threads on 3 components are linearizable, each component by itself', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { seed, history, staleReads } = await recordOnce(t)
  assert.ok(history.length >= 10_000)
  assert.equal(staleReads, 0)
  for (const component of COMPONENTS.keys()) {
    const part = partOf(history, component)
    const judgement = checkLinearizable(componentModel(component), part)
    assert.ok(judgement.isLinearizable, `HEALTH_SEED=${seed}: ${explain(judgement, part)}`)
  }
})

test('reports and verdicts of 4 threads are linearizable over all components and standby at once', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { seed, history } = await recordOnce(t)
  const judgement = checkLinearizable(wholeModel, history)
  assert.ok(judgement.isLinearizable, `HEALTH_SEED=${seed}: ${explain(judgement, history)}`)
})

test('the recorded history is concurrent enough to show something', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { history } = await recordOnce(t)
  const sorted = [...history].sort((a, b) => a.invokedAt - b.invokedAt)
  // Stamps are unique and drawn twice a call, so a call that nobody disturbs spans exactly one tick.
  const disturbed = sorted.filter(({ invokedAt, returnedAt }) => returnedAt - invokedAt > 1).length
  t.diagnostic(`${disturbed} of ${history.length} calls overlap another one`)
  assert.ok(disturbed > history.length / 20, `${disturbed} of ${history.length} calls overlap`)
})

test('the recorded history is rejected as soon as one read answers an overwritten value', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { seed, history } = await recordOnce(t)
  const random = new Random(seed)
  for (const component of COMPONENTS.keys()) {
    const part = partOf(history, component)
    const altered = withStaleReads(part, component, ALTERATIONS, random)
    assert.equal(altered.length, ALTERATIONS)
    for (const copy of altered) {
      const { isLinearizable } = checkLinearizable(componentModel(component), copy)
      assert.ok(!isLinearizable, `HEALTH_SEED=${seed}: a stale read was accepted`)
    }
    assert.ok(
      !checkLinearizable(wholeModel, withStaleReads(history, component, 1, random)[0]!)
        .isLinearizable,
    )
  }
})

test('the recorded history is rejected as soon as an update whose value was read is missing', {
  timeout: DEADLINE_MS,
}, async (t) => {
  const { seed, history } = await recordOnce(t)
  const random = new Random(seed)
  for (const component of COMPONENTS.keys()) {
    const altered = withoutAnUpdate(partOf(history, component), component, ALTERATIONS, random)
    assert.equal(altered.length, ALTERATIONS)
    for (const copy of altered) {
      const { isLinearizable } = checkLinearizable(componentModel(component), copy)
      assert.ok(!isLinearizable, `HEALTH_SEED=${seed}: a value out of nowhere was accepted`)
    }
  }
})
