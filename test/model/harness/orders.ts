// What several threads say at the same time may take effect in any order that keeps each thread's own.
import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import { TableReader } from '../../../src/memory/table-reader.js'
import { assertSound, stateOf } from './audit.js'
import { interleavings, PlainModel, type Told } from './plain-model.js'
import type { Rig } from './rig.js'

/** Applies everything, and finds the order of what was told concurrently that the table shows: its model. */
export function orderShown(
  rig: Rig,
  before: readonly Told[],
  threads: readonly (readonly Told[])[],
): PlainModel {
  return oneShown(rig, before, interleavings(threads))
}

/** Applies everything, and finds which of these orders the table shows. */
export function oneShown(
  rig: Rig,
  before: readonly Told[],
  orders: Iterable<readonly Told[]>,
): PlainModel {
  rig.drain()
  assertSound(rig.region)
  const shown = stateOf(new TableReader(rig.region, 0))
  const models = [...orders].map((order) => new PlainModel([...before, ...order]))
  const model = models.find(({ state }) => isDeepStrictEqual(state, shown))
  if (model !== undefined) return model
  const allowed = models.map(({ state }) => JSON.stringify(state.components))
  assert.fail(`${JSON.stringify(shown.components)} is no outcome, only ${[...new Set(allowed)]}`)
}

/** From here on one call follows the other: what each says must be shown after it, also where it repeats an earlier one. */
export function assertLastCallWins(
  rig: Rig,
  model: PlainModel,
  calls: readonly (readonly [thread: { tell(told: Told): void }, told: Told])[],
): void {
  for (const [thread, told] of calls) {
    thread.tell(told)
    model.tell(told)
    rig.drain()
    assert.deepEqual(stateOf(new TableReader(rig.region, 0)), model.state, 'the last call wins')
  }
  assertSound(rig.region)
}
