// One thread deregisters a component and registers it anew, another one reports it with what it knew before: each does
// its whole part at each Atomics operation of the other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertShows } from './harness/audit.js'
import { assertLastCallWins, orderShown } from './harness/orders.js'
import { deregister, PlainModel, register, type Told, update } from './harness/plain-model.js'
import { Rig } from './harness/rig.js'
import {
  forEachPair,
  forEachPoint,
  interrupt,
  interruptAlways,
  kill,
  simulation,
} from './harness/simulation.js'

const BEFORE = [register('a'), update('a', 1, 'fine', { k: 'v' }), register('b')]
const ANEW = [deregister('a'), register('a')]

/** What the other thread has said before, so that it has a reporter bound to the old registration, or has not. */
const SPOKEN: readonly (readonly Told[])[] = [
  [],
  [update('a', 1, 'fine')],
  [update('a', 2, 'told')],
]
const TOLD = [update('a', 2, 'told'), update('a', 2, 'told', { own: '1' }), deregister('a')]

function begin(spoken: readonly Told[]) {
  const rig = new Rig()
  const [registrar, outdated] = [rig.producer(), rig.producer()] as const
  rig.settle(registrar, BEFORE)
  rig.settle(outdated, spoken)
  return { rig, registrar, outdated, before: [...BEFORE, ...spoken] }
}

/** Both threads go on: whatever they say now is not concurrent with anything, and nothing is missing. */
function assertGoesOn(
  { rig, registrar, outdated }: ReturnType<typeof begin>,
  model: PlainModel,
  told: Told,
): void {
  const from = simulation.nowMs
  assertLastCallWins(rig, model, [
    [registrar, register('a')],
    [outdated, told],
    [outdated, told],
    [registrar, register('a')],
    [outdated, told],
    [registrar, update('a', 3, 'end')],
    [outdated, update('a', 2, 'told')],
  ])
  assert.ok(simulation.nowMs - from < 5, 'nobody waits for an update that was never published')
}

for (const spoken of SPOKEN) {
  for (const told of TOLD) {
    const title = `${told.kind} by a thread that has said ${JSON.stringify(spoken.map((each) => 'message' in each && each.message))}, metadata ${'metadata' in told && JSON.stringify(told.metadata)}`

    test(`a component is registered anew at each point of: ${title}`, () => {
      const points = forEachPoint((point) => {
        const scene = begin(spoken)
        const { rig, registrar, outdated, before } = scene
        const isReached = interrupt(
          point,
          () => outdated.tell(told),
          () => rig.settle(registrar, ANEW),
        )
        const model = orderShown(rig, before, [[told], ANEW])
        assertGoesOn(scene, model, told)
        return isReached
      })
      assert.ok(points >= 1, `points=${points}`)
    })

    test(`while a component is registered anew, at each point: ${title}`, () => {
      const points = forEachPoint((point) => {
        const scene = begin(spoken)
        const { rig, registrar, outdated, before } = scene
        const isReached = interrupt(
          point,
          () => rig.settle(registrar, ANEW),
          () => outdated.tell(told),
        )
        const model = orderShown(rig, before, [[told], ANEW])
        assertGoesOn(scene, model, told)
        return isReached
      })
      assert.ok(points >= 40, `points=${points}`)
    })
  }
}

for (const isDrainedBetween of [true, false]) {
  test(`deregistration and registration fall on any two points of an outdated update (drained between: ${isDrainedBetween})`, () => {
    const told = update('a', 2, 'told')
    const pairs = forEachPair((gap, first) => {
      const scene = begin(first % 2 === 0 ? [] : [update('a', 1, 'fine')])
      const { rig, registrar, outdated, before } = scene
      const removeIt = () => {
        registrar.tell(deregister('a'))
        if (isDrainedBetween) rig.drain()
      }
      const registerIt = () => rig.settle(registrar, [register('a')])
      const steps = interruptAlways(
        () => outdated.tell(told),
        (point) => {
          if (point === first) removeIt()
          if (point === first + gap) registerIt()
        },
      )
      if (steps <= first) removeIt()
      if (steps <= first + gap) registerIt()
      const model = orderShown(rig, before, [[told], ANEW])
      assertGoesOn(scene, model, told)
      return { outer: steps > first + gap, inner: steps > first }
    })
    assert.ok(pairs >= 40, `pairs=${pairs}`)
  })
}

test('a component whose registration anew was finished by another manager is reported as any other', () => {
  const told = update('a', 2, 'told')
  forEachPoint((point) => {
    const { rig, registrar, outdated, before } = begin([told])
    rig.settle(registrar, [deregister('a')])
    registrar.tell(register('a'))
    const isReached = kill(point, () => rig.drain())
    rig.restart()
    rig.drain()
    outdated.tell(told)
    rig.drain()
    assertShows(rig.region, new PlainModel([...before, ...ANEW, told]))
    return isReached
  })
})
