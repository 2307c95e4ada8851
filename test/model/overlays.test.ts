// Deadlines that run out, and components that live again: the manager is killed at each Atomics operation over it, its
// successor at each of the recovery; writers beat and report, and readers look, at each operation of the manager.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeRules } from '../../src/memory/rules-block.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { encodeText } from '../../src/memory/text.js'
import { NO_RULES } from '../../src/model/component-rules.js'
import { assertSound, changeOf, componentsOf, transitionsOf } from './harness/audit.js'
import { LastRegion, type Producer, Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, interrupt, kill } from './harness/simulation.js'

type Change = readonly [component: string, oldStatus: number, newStatus: number, message: string]

const RULES = { degradedAfterMs: 1_000, unhealthyAfterMs: 10_000 }
const SILENT = 'no update for 10.0 s (deadline 10 s)'
const LATE = 'no update for 1.0 s (deadline 1 s)'
/** Longer than a manager takes to notice that a component lives again. */
const LOOK_MS = 250

interface Story {
  readonly name: string
  /** Brings the region to where one turn of the manager is due. */
  readonly begin: (scene: Scene) => void
  /** What is journaled after this turn, behind what the scene begins with. */
  readonly changes: readonly Change[]
  /** What is shown of component a. */
  readonly shown: readonly [status: number, message: string]
  /** What it has reported, where that is something else. */
  readonly reported?: readonly [status: number, message: string]
}

class Scene {
  readonly rig = new Rig()
  readonly producer: Producer

  /** Component a with deadlines, b without any, both healthy. */
  constructor() {
    this.producer = this.rig.producer()
    const rules = encodeRules({ ...NO_RULES, ...RULES })
    this.producer.attachment.register(encodeText('a', 255), rules)
    this.producer.attachment.register(encodeText('b', 255))
    this.rig.settleAll()
    this.reporter.healthy('fine', { k: 'v' })
    this.producer.reporter('b').healthy('ok')
    this.rig.settleAll()
  }

  get reporter() {
    return this.producer.reporter('a')
  }

  /** Lets a deadline run out and be told. */
  silence(ms: number): void {
    this.rig.pass(ms)
    this.rig.settleAll()
  }
}

const BEGINNING: readonly Change[] = [
  ['a', 0, 1, 'fine'],
  ['b', 0, 1, 'ok'],
]

const STORIES: readonly Story[] = [
  {
    name: 'a deadline runs out',
    begin: ({ rig }) => rig.pass(1_020),
    changes: [['a', 1, 2, LATE]],
    shown: [2, LATE],
    reported: [1, 'fine'],
  },
  {
    name: 'the second deadline runs out',
    begin: (scene) => {
      scene.silence(1_020)
      scene.rig.pass(9_000)
    },
    changes: [
      ['a', 1, 2, LATE],
      ['a', 2, 3, SILENT],
    ],
    shown: [3, SILENT],
    reported: [1, 'fine'],
  },
  {
    name: 'both deadlines have run out',
    begin: ({ rig }) => rig.pass(10_020),
    changes: [['a', 1, 3, SILENT]],
    shown: [3, SILENT],
    reported: [1, 'fine'],
  },
  {
    name: 'a component lives again by a beat',
    begin: (scene) => {
      scene.silence(10_020)
      scene.reporter.beat()
      scene.rig.pass(LOOK_MS)
    },
    changes: [
      ['a', 1, 3, SILENT],
      ['a', 3, 1, 'fine'],
    ],
    shown: [1, 'fine'],
  },
  {
    name: 'a component lives again by an update',
    begin: (scene) => {
      scene.silence(10_020)
      scene.reporter.degraded('slow')
    },
    changes: [
      ['a', 1, 3, SILENT],
      ['a', 3, 2, 'slow'],
    ],
    shown: [2, 'slow'],
  },
  {
    name: 'an update comes too late for its deadline',
    begin: (scene) => {
      scene.reporter.degraded('slow')
      scene.rig.pass(10_020)
    },
    changes: [['a', 1, 3, SILENT]],
    shown: [3, SILENT],
    reported: [2, 'slow'],
  },
  {
    name: 'an update comes too late, but is worse than the silence',
    begin: (scene) => {
      scene.reporter.unhealthy('broken')
      scene.rig.pass(1_020)
    },
    changes: [['a', 1, 3, 'broken']],
    shown: [3, 'broken'],
  },
  {
    name: 'other updates come while a deadline has run out',
    begin: (scene) => {
      scene.rig.pass(1_020)
      scene.producer.reporter('b').unhealthy('broken')
      scene.producer.reporter('b').healthy('mended')
    },
    changes: [
      ['b', 1, 3, 'broken'],
      ['b', 3, 1, 'mended'],
      ['a', 1, 2, LATE],
    ],
    shown: [2, LATE],
    reported: [1, 'fine'],
  },
  {
    name: 'a component is deregistered and registered anew with its deadline run out',
    begin: (scene) => {
      scene.silence(10_020)
      scene.reporter.deregister()
      const rules = encodeRules({ ...NO_RULES, ...RULES })
      scene.producer.attachment.register(encodeText('a', 255), rules)
    },
    changes: [['a', 1, 3, SILENT]],
    shown: [0, ''],
  },
]

function assertTold({ rig }: Scene, story: Story): void {
  assertSound(rig.region)
  const told = transitionsOf(rig.region)
    .map(changeOf)
    .map(({ component, oldStatus, newStatus, message }): Change => {
      return [component, oldStatus, newStatus, message]
    })
  assert.deepEqual(told, [...BEGINNING, ...story.changes])
  const reader = new TableReader(rig.region, 0)
  const { a } = componentsOf(reader.snapshot().report)
  assert.deepEqual([a?.status, a?.message], story.shown)
  const counts = { 0: 0, 1: 0, 2: 0, 3: 0 } as Record<number, number>
  if (story.shown[1] !== '') {
    for (const [component, , newStatus] of told) if (component === 'a') counts[newStatus]!++
  }
  assert.deepEqual(reader.transitions('a'), counts)
}

/** The runtime goes on as if nothing had been: a beat brings back what was reported, an update and a silence are told. */
function assertGoesOn(scene: Scene, story: Story): void {
  const { rig, reporter } = scene
  const [from] = story.shown
  const [status, message] = story.reported ?? story.shown
  reporter.beat()
  rig.pass(LOOK_MS)
  rig.settleAll()
  const { a } = componentsOf(new TableReader(rig.region, 0).snapshot().report)
  assert.deepEqual([a?.status, a?.message], [status, message])
  const next = status === 1 ? 2 : 1
  reporter.update(next, 'on')
  rig.settleAll()
  scene.silence(10_020)
  const told = transitionsOf(rig.region).slice(BEGINNING.length + story.changes.length)
  assert.deepEqual(
    told.map((each) => [each.oldStatus, each.newStatus, each.message]),
    [
      ...(status === from ? [] : [[from, status, message]]),
      [status, next, 'on'],
      [next, 3, SILENT],
    ],
  )
  assertSound(rig.region)
}

for (const story of STORIES) {
  const begin = () => {
    const scene = new Scene()
    story.begin(scene)
    return scene
  }

  test(`each transition is told once when the manager is killed where ${story.name}`, () => {
    const last = new LastRegion()
    const points = forEachPoint((point) => {
      const scene = begin()
      const isReached = kill(point, () => scene.rig.settleAll())
      if (last.isRepeated(scene.rig.region)) return isReached
      scene.rig.restart()
      scene.rig.settleAll()
      assertTold(scene, story)
      assertGoesOn(scene, story)
      return isReached
    })
    assert.ok(points >= 20, `points=${points}`)
  })

  test(`each transition is told once when also the recovery is killed, after ${story.name}`, () => {
    const pairs = forEachPair((outer, inner) => {
      const scene = begin()
      const isOuterReached = kill(outer, () => scene.rig.settleAll())
      const isInnerReached = kill(inner, () => scene.rig.restart())
      scene.rig.restart()
      scene.rig.settleAll()
      assertTold(scene, story)
      return { outer: isOuterReached, inner: isInnerReached }
    })
    assert.ok(pairs >= 60, `pairs=${pairs}`)
  })

  test(`readers see the same at each point of the manager where ${story.name}`, () => {
    const points = forEachPoint((point) => {
      const scene = begin()
      const { rig } = scene
      const reader = new TableReader(rig.region, 0)
      const seen: string[] = []
      const look = () => {
        for (const each of [reader, new TableReader(rig.region, 0)]) {
          const { a } = componentsOf(each.snapshot().report)
          seen.push(`${a?.status} ${a?.message}`)
        }
      }
      look()
      const isReached = interrupt(point, () => rig.settleAll(), look)
      look()
      const settled = `${story.shown[0]} ${story.shown[1]}`
      assert.equal(seen.at(-1), settled)
      // At no time anything else than before the turn or after it, and nothing earlier after something later.
      const states = seen.filter((state, i) => i === 0 || state !== seen[i - 1])
      assert.ok(states.length <= 3, states.join(', '))
      if (!story.name.includes('anew')) assert.ok(states.length <= 2, states.join(', '))
      return isReached
    })
    assert.ok(points >= 20, `points=${points}`)
  })
}

test('a beat at any point of a look that finds a deadline run out is followed by life', () => {
  const points = forEachPoint((point) => {
    const scene = new Scene()
    scene.rig.pass(10_020)
    const isReached = interrupt(
      point,
      () => scene.rig.settleAll(),
      () => scene.reporter.beat(),
    )
    scene.rig.pass(LOOK_MS)
    scene.rig.settleAll()
    assertSound(scene.rig.region)
    const told = transitionsOf(scene.rig.region).slice(BEGINNING.length)
    const statuses = told.map(({ newStatus }) => newStatus)
    assert.ok(
      [[], [3, 1]].some((each) => each.join() === statuses.join()),
      statuses.join(),
    )
    const { a } = componentsOf(new TableReader(scene.rig.region, 0).snapshot().report)
    assert.equal(a?.status, 1)
    return isReached
  })
  assert.ok(points >= 20, `points=${points}`)
})

test('an update at any point of a look that finds a deadline run out is told after it, or in its place', () => {
  const points = forEachPoint((point) => {
    const scene = new Scene()
    scene.rig.pass(10_020)
    const isReached = interrupt(
      point,
      () => scene.rig.settleAll(),
      () => scene.reporter.degraded('slow'),
    )
    scene.rig.pass(LOOK_MS)
    scene.rig.settleAll()
    assertSound(scene.rig.region)
    const told = transitionsOf(scene.rig.region).slice(BEGINNING.length)
    const statuses = told.map(({ newStatus }) => newStatus).join()
    // Between an update's beat and its record a component is seen alive with what it had said before.
    assert.ok(['2', '3,2', '3,1,2'].includes(statuses), statuses)
    const { a } = componentsOf(new TableReader(scene.rig.region, 0).snapshot().report)
    assert.deepEqual([a?.status, a?.message], [2, 'slow'])
    return isReached
  })
  assert.ok(points >= 20, `points=${points}`)
})

test('a writer that is killed at any point of an update leaves a component that is shown by what it managed to do', () => {
  const points = forEachPoint((point) => {
    const scene = new Scene()
    scene.silence(10_020)
    const isReached = kill(point, () => scene.reporter.degraded('slow'))
    scene.rig.pass(LOOK_MS)
    scene.rig.settleAll()
    assertSound(scene.rig.region)
    const { a } = componentsOf(new TableReader(scene.rig.region, 0).snapshot().report)
    assert.ok([3, 1, 2].includes(a!.status))
    if (!isReached) assert.equal(a?.message, 'slow')
    return isReached
  })
  assert.ok(points >= 5, `points=${points}`)
})
