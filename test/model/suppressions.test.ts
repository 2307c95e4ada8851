// Suppressions that go on, are cut and end: the manager is killed at each Atomics operation over it, its successor at each
// of the recovery.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readControl, readCutCount, toFloatWords } from '../../src/memory/control.js'
import { KIND_SUPPRESS_LIVENESS } from '../../src/memory/layout.js'
import { readSuppressions } from '../../src/memory/suppressions.js'
import { encodeText } from '../../src/memory/text.js'
import { nextTick } from '../../src/memory/ticks.js'
import { noteOf } from '../../src/model/suppression.js'
import { assertSound } from './harness/audit.js'
import { LastRegion, type Producer, Rig } from './harness/rig.js'
import { forEachPair, forEachPoint, kill, simulation } from './harness/simulation.js'

const MAX_MS = 10_000

interface Story {
  readonly name: string
  /** Applied beforehand: after how long, and for how long liveness is suppressed. */
  readonly before: readonly (readonly [afterMs: number, durationMs: number])[]
  /** Left to the manager under test. */
  readonly told: readonly (readonly [afterMs: number, durationMs: number])[]
  /** What holds after it, and how often a call got less than it asked for. */
  readonly leftMs: number
  readonly cuts: number
}

const STORIES: readonly Story[] = [
  { name: 'the first', before: [], told: [[0, 5_000]], leftMs: 5_000, cuts: 0 },
  { name: 'one that is cut', before: [], told: [[0, 50_000]], leftMs: 10_000, cuts: 1 },
  {
    name: 'one that goes on',
    before: [[0, 8_000]],
    told: [[6_000, 8_000]],
    leftMs: 4_000,
    cuts: 1,
  },
  {
    name: 'two that go on',
    before: [[0, 8_000]],
    told: [
      [2_000, 7_000],
      [1_000, 8_000],
    ],
    leftMs: 7_000,
    cuts: 1,
  },
  {
    name: 'one after the end',
    before: [[0, 8_000]],
    told: [[8_000, 8_000]],
    leftMs: 8_000,
    cuts: 0,
  },
  {
    name: 'one after a clear',
    before: [
      [0, 8_000],
      [7_000, 0],
    ],
    told: [[0, 8_000]],
    leftMs: 8_000,
    cuts: 0,
  },
  {
    name: 'a clear and one after it',
    before: [[0, 8_000]],
    told: [
      [7_000, 0],
      [0, 8_000],
    ],
    leftMs: 8_000,
    cuts: 0,
  },
]

function tell(producer: Producer, [afterMs, durationMs]: readonly [number, number]): void {
  simulation.passMs(afterMs)
  const { attachment } = producer
  if (durationMs === 0) {
    attachment.control(KIND_SUPPRESS_LIVENESS, 0, 0)
    return
  }
  const [low, high] = toFloatWords(simulation.monotonicMs + durationMs)
  const note = encodeText(noteOf('owner', `for ${durationMs} ${'.'.repeat(280)}`), 512)
  attachment.control(KIND_SUPPRESS_LIVENESS, low, high, note, nextTick())
}

function begin({ before, told }: Story): Rig {
  const rig = new Rig({ maxSuppressionMs: MAX_MS })
  const producer = rig.producer()
  for (const each of before) {
    tell(producer, each)
    rig.drain()
  }
  for (const each of told) tell(producer, each)
  return rig
}

function assertHolds({ region }: Rig, story: Story): void {
  assertSound(region)
  const { livenessDeadline } = readControl(region.words)!
  const leftMs = livenessDeadline - simulation.monotonicMs
  assert.ok(Math.abs(leftMs - story.leftMs) <= 20, `leftMs=${leftMs}`)
  assert.equal(readCutCount(region.words), story.cuts, 'cuts')
  const { owner, reason } = readSuppressions(region).liveness!
  assert.equal(owner, 'owner')
  assert.match(reason, new RegExp(`^for ${story.told.at(-1)![1]} `))
}

for (const story of STORIES) {
  test(`a manager that is killed over ${story.name} leaves it to its successor, counted once`, () => {
    const last = new LastRegion()
    const points = forEachPoint((point) => {
      const rig = begin(story)
      const isReached = kill(point, () => rig.drain())
      if (last.isRepeated(rig.region)) return isReached
      rig.restart()
      rig.drain()
      assertHolds(rig, story)
      return isReached
    })
    assert.ok(points >= 20, `points=${points}`)
  })

  test(`so does one that is killed in its recovery over ${story.name}`, () => {
    let corpse: Rig
    let corpseMs = 0
    let isOuterReached = false
    const pairs = forEachPair((outer, inner) => {
      if (inner === 0) {
        corpse = begin(story)
        isOuterReached = kill(outer, () => corpse.drain())
        corpseMs = simulation.monotonicMs
      }
      // Each simulation has a clock of its own.
      simulation.passMs(corpseMs - simulation.monotonicMs)
      const rig = corpse.copy()
      const isInnerReached = kill(inner, () => rig.restart())
      rig.restart()
      rig.drain()
      assertHolds(rig, story)
      return { outer: isOuterReached, inner: isInnerReached }
    })
    assert.ok(pairs >= 60, `pairs=${pairs}`)
  })
}
