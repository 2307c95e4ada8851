// A reporting thread is killed at each Atomics operation: what it had been told is accepted counts, nobody waits for it,
// and its mailbox goes to another thread.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MAILBOX_FREE,
  MAILBOX_OWNER,
  MAILBOX_TAIL,
  type RegionSizes,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { HealthError } from '../../src/model/errors.js'
import { abandonMailboxesOf } from '../../src/runtime/mailbox-claims.js'
import { assertLastCallWins, orderShown } from './harness/orders.js'
import {
  deregister,
  PlainModel,
  register,
  standby,
  type Told,
  update,
} from './harness/plain-model.js'
import { Producer, Rig } from './harness/rig.js'
import { forEachPoint, interrupt, kill, simulation } from './harness/simulation.js'
import { long } from './harness/stories.js'

const BEFORE = [register('a'), register('b'), update('a', 1, 'fine', { k: 'v' })]
const VICTIM = 77
const HEIR = 78
/** A survivor's thread, and one more: the heir can only have the victim's mailbox. */
const TWO: Partial<RegionSizes> = { maxThreads: 2, mailboxBytes: 2048 }

function begin() {
  const rig = new Rig(TWO)
  const survivor = rig.producer()
  rig.settle(survivor, BEFORE)
  return { rig, survivor, header: mailboxHeader(rig.region, 1) }
}

function bury({ region }: Rig, header: number): void {
  assert.equal(region.words[header + MAILBOX_OWNER], VICTIM + 1)
  abandonMailboxesOf(region, VICTIM)
}

/** The dead thread's mailbox goes to another one, whose records are as good as any. */
function assertInherited(rig: Rig, model: PlainModel, header: number): Producer {
  rig.drain()
  assert.equal(rig.region.words[header + MAILBOX_OWNER], MAILBOX_FREE, 'the mailbox is free')
  const heir = new Producer(rig.region, HEIR)
  assert.equal(rig.region.words[header + MAILBOX_OWNER], HEIR + 1, 'the heir has the mailbox')
  assertLastCallWins(
    rig,
    model,
    [update('a', 2, long('heir'), { h: '1' }), register('new'), update('new', 3, 'x')].map(
      (told) => [heir, told],
    ),
  )
  return heir
}

const TOLD: readonly Told[] = [
  update('a', 3, 'victim'),
  update('a', 3, long('victim'), { victim: '1' }),
  register('c'),
  deregister('a'),
  standby(true),
]

for (const told of TOLD) {
  for (const hasSpoken of [false, true]) {
    test(`a thread killed in ${JSON.stringify(told).slice(0, 60)} (spoken before: ${hasSpoken}) leaves others and its mailbox alone`, () => {
      let accepted = 0
      const points = forEachPoint((point) => {
        const { rig, survivor, header } = begin()
        const victim = new Producer(rig.region, VICTIM)
        const spoken = hasSpoken ? [update('a', 2, 'before'), update('b', 2, 'before')] : []
        rig.settle(victim, spoken)
        const tail = rig.region.words[header + MAILBOX_TAIL]
        const isReached = kill(point, () => victim.tell(told))
        const isAccepted = rig.region.words[header + MAILBOX_TAIL] !== tail
        accepted += isAccepted ? 1 : 0
        if (point % 2 === 0) bury(rig, header)
        const from = simulation.nowMs
        const later = [update('a', 1, 'survivor'), update('b', 3, 'survivor', {})]
        for (const each of later) survivor.tell(each)
        const model = orderShown(rig, [...BEFORE, ...spoken], [isAccepted ? [told] : [], later])
        assert.ok(simulation.nowMs - from < 12, 'nobody waits for the dead for long')
        if (point % 2 === 1) bury(rig, header)
        assertInherited(rig, model, header)
        return isReached
      })
      assert.ok(points >= 3 && accepted >= 1, `points=${points} accepted=${accepted}`)
    })
  }
}

test('a thread killed while it attaches takes no mailbox with it', () => {
  const points = forEachPoint((point) => {
    const { rig, header } = begin()
    const isReached = kill(point, () => new Producer(rig.region, VICTIM))
    abandonMailboxesOf(rig.region, VICTIM)
    assertInherited(rig, new PlainModel(BEFORE), header)
    return isReached
  })
  assert.ok(points >= 5, `points=${points}`)
})

test('a thread killed while it detaches, or whose burial is killed, is buried by the next', () => {
  for (const isBurial of [false, true]) {
    const points = forEachPoint((point) => {
      const { rig, header } = begin()
      const victim = new Producer(rig.region, VICTIM)
      victim.tell(update('a', 2, 'victim'))
      const isReached = kill(point, () => {
        if (isBurial) abandonMailboxesOf(rig.region, VICTIM)
        else victim.attachment.detach()
      })
      abandonMailboxesOf(rig.region, VICTIM)
      const model = new PlainModel([...BEFORE, update('a', 2, 'victim')])
      assertInherited(rig, model, header)
      return isReached
    })
    assert.ok(points >= 3, `points=${points}`)
  }
})

/** Attaches if a mailbox is free at this moment. */
function tryAttach(rig: Rig): Producer | undefined {
  try {
    return new Producer(rig.region, HEIR)
  } catch (error) {
    assert.ok(error instanceof HealthError && error.code === 'ERR_HEALTH_CAPACITY')
    return undefined
  }
}

test('a mailbox changes hands at any point of a drain without losing or mixing records', () => {
  for (const isBuriedBefore of [false, true]) {
    let inherited = 0
    const points = forEachPoint((point) => {
      const { rig, header } = begin()
      const victim = new Producer(rig.region, VICTIM)
      const last = [update('a', 2, long('victim')), update('b', 2, 'victim')]
      for (const told of last) victim.tell(told)
      if (isBuriedBefore) bury(rig, header)
      let heir: Producer | undefined
      const told = update('b', 3, 'heir', { h: '1' })
      const isReached = interrupt(
        point,
        () => rig.drain(),
        () => {
          if (!isBuriedBefore) bury(rig, header)
          heir = tryAttach(rig)
          if (heir !== undefined) inherited++
          heir?.tell(told)
        },
      )
      const all = [...BEFORE, ...last, ...(heir === undefined ? [] : [told])]
      const model = orderShown(rig, [], [all])
      heir?.attachment.detach()
      rig.drain()
      assert.equal(rig.region.words[header + MAILBOX_OWNER], MAILBOX_FREE)
      assertLastCallWins(rig, model, [[new Producer(rig.region, HEIR), update('a', 3, 'end')]])
      return isReached
    })
    assert.ok(points >= 40, `points=${points}`)
    if (isBuriedBefore) assert.ok(inherited >= 1, `inherited=${inherited}`)
  }
})

test('a drain at any point of a burial and of an attachment leaves one owner and all records', () => {
  const points = forEachPoint((point) => {
    const { rig, header } = begin()
    const victim = new Producer(rig.region, VICTIM)
    const told = update('a', 2, 'victim')
    victim.tell(told)
    const model = new PlainModel([...BEFORE, told])
    let heir: Producer | undefined
    const isReached = interrupt(
      point,
      () => {
        bury(rig, header)
        heir = tryAttach(rig)
      },
      () => rig.drain(),
    )
    rig.drain()
    heir ??= new Producer(rig.region, HEIR)
    assertLastCallWins(rig, model, [[heir, update('b', 3, 'heir')]])
    return isReached
  })
  assert.ok(points >= 8, `points=${points}`)
})
