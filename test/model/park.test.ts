// The manager's park: records are published at each Atomics operation of its loop. It must never rest with one of them
// unapplied and nobody to wake it; the look-round of a park that nobody rang for is left out here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ManagerActor } from '../../src/manager/manager-actor.js'
import { DOORBELL, PARKED } from '../../src/memory/layout.js'
import { TEST_POLICY } from '../policy.js'
import { assertShows } from './harness/audit.js'
import { PlainModel, register, type Told, update } from './harness/plain-model.js'
import { type Producer, Rig } from './harness/rig.js'
import { type Sabotage, simulateAsync, simulation, unhooked } from './harness/simulation.js'

const BEFORE = [register('a'), register('b'), update('a', 1, 'fine')]
/** Turns of the event loop after which everything that was going to happen has happened. */
const TURNS = 8

/** The doorbell as Atomics.waitAsync sees it, but for the time-out. */
class Bell {
  readonly #words: Int32Array
  #wake: (() => void) | undefined

  constructor(rig: Rig) {
    this.#words = rig.region.words
    simulation.onWaitAsync = (index, value) => {
      assert.equal(index, DOORBELL)
      if (this.#words[DOORBELL] !== value) return { async: false, value: 'not-equal' }
      return { async: true, value: new Promise<void>((resolve) => (this.#wake = resolve)) }
    }
    simulation.onNotify = (index) => {
      if (index === DOORBELL) this.#ring()
    }
  }

  get isAwaited(): boolean {
    return this.#wake !== undefined
  }

  /** As if the thread that waits had been terminated. */
  forget(): void {
    this.#wake = undefined
  }

  #ring(): void {
    this.#wake?.()
    this.#wake = undefined
  }
}

function begin() {
  const rig = new Rig()
  const producers = [rig.producer(), rig.producer()] as const
  rig.settle(producers[0], BEFORE)
  return { rig, producers }
}

async function comeToRest(bell: Bell): Promise<void> {
  for (let turn = 0; turn < TURNS; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.ok(bell.isAwaited, 'the manager is parked')
}

/** Runs a manager actor, with `at` at each point of it, until everything is quiet; twice, with a record in between. */
async function runActor(
  scene: ReturnType<typeof begin>,
  told: Told[],
  at: (point: number) => void,
): Promise<number> {
  let points = 0
  let isStopping = false
  await simulateAsync(
    (point) => {
      if (isStopping) return
      points = point + 1
      at(point)
    },
    async () => {
      const { rig, producers } = scene
      const bell = new Bell(rig)
      const actor = new ManagerActor(rig.region.words.buffer, TEST_POLICY)
      await comeToRest(bell)
      unhooked(() => assertShows(rig.region, new PlainModel([...BEFORE, ...told])))
      for (const [i, producer] of producers.entries()) {
        told.push(update('b', i === 0 ? 3 : 2, `quiet ${i}`))
        unhooked(() => producer.tell(told.at(-1)!))
        await comeToRest(bell)
        unhooked(() => assertShows(rig.region, new PlainModel([...BEFORE, ...told])))
      }
      isStopping = true
      await actor.drain()
    },
  )
  return points
}

test('a record published at any point of the loop is applied, without waiting for a look-round', async () => {
  for (let point = 0, points = 1; point < points; point++) {
    const scene = begin()
    const told: Told[] = []
    points = await runActor(scene, told, (at) => {
      if (at !== point) return
      told.push(update('a', 3, 'broken'))
      scene.producers[0].tell(told.at(-1)!)
    })
    assert.ok(points >= 60, `points=${points}`)
  }
})

for (const isSameThread of [true, false]) {
  test(`two records published at any points of a loop are applied (by one thread: ${isSameThread})`, async () => {
    for (const gap of [1, 2, 3, 5, 8, 13, 21]) {
      for (let point = 0, points = 1; point < points; point++) {
        const { rig, producers } = begin()
        const told: Told[] = []
        const tell = (producer: Producer, each: Told) => {
          told.push(each)
          producer.tell(each)
        }
        points = await runActor({ rig, producers }, told, (at) => {
          if (at === point) tell(producers[0], update('a', 3, 'broken'))
          if (at === point + gap) tell(producers[isSameThread ? 0 : 1], update('a', 2, 'slow'))
        })
      }
    }
  })
}

test('it is noticed that a manager says that it parks only after its second look', async () => {
  for (let point = 0, points = 1; point < points; point++) {
    const scene = begin()
    const told: Told[] = []
    let held: (() => unknown) | undefined
    const late: Sabotage = (operation, _words, index, rest, proceed) => {
      if (operation === 'store' && index === PARKED && rest[0] !== 0) {
        held = proceed
        return undefined
      }
      if (operation === 'waitAsync') held?.()
      return proceed()
    }
    try {
      points = await runActor(scene, told, (at) => {
        simulation.sabotage = late
        if (at !== point) return
        told.push(update('a', 3, 'broken'))
        scene.producers[0].tell(told.at(-1)!)
      })
    } catch (error) {
      assert.ok(error instanceof assert.AssertionError, `${error}`)
      return
    }
  }
  assert.fail('nothing was noticed')
})

test('a thread that had rung for a manager that died rings for its successor', async () => {
  const { rig, producers } = begin()
  await simulateAsync(
    () => {},
    async () => {
      const bell = new Bell(rig)
      const told: Told[] = []
      for (let managers = 0; managers < 4; managers++) {
        const actor = new ManagerActor(rig.region.words.buffer, TEST_POLICY)
        await comeToRest(bell)
        for (let i = 0; i < managers; i++) {
          told.push(update('a', (i % 4) as 0 | 1 | 2 | 3, `${managers} ${i}`))
          unhooked(() => producers[0].tell(told.at(-1)!))
          await comeToRest(bell)
          unhooked(() => assertShows(rig.region, new PlainModel([...BEFORE, ...told])))
        }
        if (managers === 3) {
          await actor.drain()
          break
        }
        // The thread is terminated with the ring in its ears.
        assert.notEqual(rig.region.words[PARKED], 0)
        bell.forget()
        told.push(update('b', ((managers + 1) % 4) as 0 | 1 | 2 | 3, `${managers}`))
        unhooked(() => producers[0].tell(told.at(-1)!))
      }
    },
  )
})
