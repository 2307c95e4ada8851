// A component is deregistered and registered anew, neither applied yet, while another thread goes on reporting it. A read
// that shows the registration, but not what that thread said of another component before, puts the registration before
// the report; so the report must reach it, through whatever binding the thread had.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  MAILBOX_ENDING,
  MAILBOX_FREE,
  MAILBOX_HEADER_WORDS,
  MAILBOX_OWNER,
} from '../../src/memory/layout.js'
import { MailboxReader } from '../../src/memory/mailbox-reader.js'
import type { Region } from '../../src/memory/region.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { abandonMailboxesOf } from '../../src/runtime/mailbox-claims.js'
import { assertSound, stateOf } from './harness/audit.js'
import { deregister, register, type State, type Told, update } from './harness/plain-model.js'
import { type Producer, Rig } from './harness/rig.js'
import {
  forEachPair,
  forEachPoint,
  interrupt,
  kill,
  simulate,
  simulation,
} from './harness/simulation.js'

const WAIT_MS = 100

function begin() {
  const rig = new Rig()
  const [registrar, reporting, third] = [rig.producer(), rig.producer(WAIT_MS), rig.producer()]
  rig.settle(registrar, [register('x'), register('y')])
  return { rig, registrar, reporting, third }
}

/** Not applied yet. */
function registerAnew(registrar: Producer): void {
  registrar.tell(deregister('x'))
  registrar.tell(register('x'))
}

/** Records that wait in the mailboxes. */
function published(region: Region): number {
  let count = 0
  for (let i = 0; i < region.layout.maxThreads; i++) {
    const mailbox = new MailboxReader(region, i)
    mailbox.limit = mailbox.loadTail()
    for (; mailbox.head !== mailbox.limit; count++) {
      mailbox.head += region.words[mailbox.ring + (mailbox.head & mailbox.mask)]!
    }
  }
  return count
}

/**
 * A read begins; then the thread says `first` of y and `last`, of x, and the manager applies what had been published before
 * that. Whoever else waits for the manager gets everything applied.
 */
function assertReported(scene: ReturnType<typeof begin>): void {
  const { x, read } = afterRead(scene, update('x', 2, 'last'))
  assert.equal(x?.message, 'last', `after a read of ${JSON.stringify(read.components)}`)
}

function afterRead({ rig, reporting }: ReturnType<typeof begin>, last: Told) {
  let isReading = false
  simulation.onWait = () => {
    if (isReading) return rig.drain()
    isReading = true
    const count = published(rig.region)
    reporting.tell(update('y', 2, 'first'))
    reporting.tell(last)
    rig.manager.run(count)
  }
  const read: State = stateOf(new TableReader(rig.region, WAIT_MS))
  assert.ok(isReading, 'the read had to wait')
  simulation.onWait = undefined
  rig.drain()
  assertSound(rig.region)
  const { x, y } = stateOf(new TableReader(rig.region, 0)).components
  assert.equal(y?.message, 'first')
  return { x, read }
}

test('a report of a component whose registration is not applied yet reaches it', () => {
  simulate(() => {
    const scene = begin()
    scene.rig.settle(scene.registrar, [deregister('x')])
    scene.registrar.tell(register('x'))
    assertReported(scene)
  })
})

test('a thread that has reported the old registration reaches the new one', () => {
  simulate(() => {
    const scene = begin()
    scene.rig.settle(scene.reporting, [update('x', 1, 'old')])
    registerAnew(scene.registrar)
    assertReported(scene)
  })
})

test('a thread that looks the component up for the first time reaches the new registration', () => {
  simulate(() => {
    const scene = begin()
    registerAnew(scene.registrar)
    assertReported(scene)
  })
})

test('a thread whose beat has looked the component up reaches the new registration', () => {
  simulate(() => {
    const scene = begin()
    registerAnew(scene.registrar)
    scene.reporting.reporter('x').beat()
    assertReported(scene)
  })
})

test('a thread that has reported the old registration and deregisters the component ends the new one', () => {
  simulate(() => {
    const scene = begin()
    scene.rig.settle(scene.reporting, [update('x', 1, 'old')])
    registerAnew(scene.registrar)
    const { x, read } = afterRead(scene, deregister('x'))
    assert.equal(x, undefined, `after a read of ${JSON.stringify(read.components)}`)
  })
})

test('a deregistration of what another thread has reported meanwhile waits for nobody', () => {
  simulate(() => {
    const { rig, registrar, reporting } = begin()
    rig.settle(reporting, [update('x', 1, 'by the one that deregisters')])
    rig.settle(registrar, [update('x', 1, 'since then')])
    registrar.tell(update('y', 1, 'pending'))
    simulation.waits.length = 0
    reporting.tell(deregister('x'))
    assert.deepEqual(simulation.waits, [])
    rig.drain()
    assert.equal(stateOf(new TableReader(rig.region, 0)).components['x'], undefined)
  })
})

for (const message of ['before', 'last']) {
  test(`a thread that has reported "${message}" in the middle of the deregistration reaches the new registration`, () => {
    const points = forEachPoint((point) => {
      const scene = begin()
      const { rig, registrar, reporting } = scene
      simulation.onWait = () => rig.drain()
      const isReached = interrupt(
        point,
        () => registrar.tell(deregister('x')),
        () => reporting.tell(update('x', 2, message)),
      )
      registrar.tell(register('x'))
      assertReported(scene)
      return isReached
    })
    assert.ok(points >= 4, `points=${points}`)
  })
}

test('a deregistration through an outdated binding, killed anywhere, hides no later one', () => {
  const points = forEachPoint((point) => {
    const scene = begin()
    const { rig, registrar, reporting, third } = scene
    rig.settle(third, [update('x', 1, 'of the first registration')])
    rig.settle(registrar, [deregister('x'), register('x')])
    rig.settle(reporting, [update('x', 1, 'of the second one')])
    registerAnew(registrar)
    const isReached = kill(point, () => third.tell(deregister('x')))
    assertReported(scene)
    return isReached
  })
  assert.ok(points >= 4, `points=${points}`)
})

/** The scene's third thread. */
const THIRD = { mailbox: 2, threadId: 3 }

/** The third thread is gone, and its mailbox is free. */
function bury({ rig }: ReturnType<typeof begin>): void {
  abandonMailboxesOf(rig.region, THIRD.threadId)
  rig.drain()
}

function assertFree({ words, layout }: Region): void {
  const header = layout.mailboxes + THIRD.mailbox * MAILBOX_HEADER_WORDS
  assert.equal(words[header + MAILBOX_OWNER], MAILBOX_FREE)
  assert.equal(words[header + MAILBOX_ENDING], 0)
}

test('a deregistration that was killed anywhere leaves no component that each update must wait for', () => {
  let unpublished = 0
  const points = forEachPoint((point) => {
    const scene = begin()
    const { rig, reporting, third } = scene
    rig.settle(third, [update('x', 1, 'by the one that dies')])
    rig.settle(reporting, [update('x', 1, 'before')])
    const isReached = kill(point, () => third.tell(deregister('x')))
    bury(scene)
    assertFree(rig.region)
    if (stateOf(new TableReader(rig.region, 0)).components['x'] === undefined) return isReached
    unpublished++
    // It may have to find out that its binding is outdated.
    rig.settle(reporting, [update('x', 2, 'first')])
    reporting.tell(update('y', 2, 'pending'))
    simulation.waits.length = 0
    reporting.tell(update('x', 1, 'second'))
    reporting.tell(update('x', 2, 'third'))
    assert.deepEqual(simulation.waits, [])
    rig.drain()
    assert.equal(stateOf(new TableReader(rig.region, 0)).components['x']?.message, 'third')
    return isReached
  })
  assert.ok(points >= 6, `points=${points}`)
  assert.ok(unpublished >= 4, `unpublished=${unpublished}`)
})

test('what a killed deregistration has left is not taken back from under one that another thread is about', () => {
  const pairs = forEachPair((outer, inner) => {
    const scene = begin()
    const { registrar, third } = scene
    simulation.onWait = () => scene.rig.drain()
    let isInnerReached = false
    const isOuterReached = interrupt(
      outer,
      () => registrar.tell(deregister('x')),
      () => {
        isInnerReached = kill(inner, () => third.tell(deregister('x')))
        bury(scene)
      },
    )
    registrar.tell(register('x'))
    assertReported(scene)
    return { outer: isOuterReached, inner: isInnerReached }
  })
  assert.ok(pairs >= 24, `pairs=${pairs}`)
})

test('a deregistration that comes while the manager takes a mark back raises it anew', () => {
  const pairs = forEachPair((death, point) => {
    const scene = begin()
    const { rig, registrar, third } = scene
    const isKilled = kill(death, () => third.tell(deregister('x')))
    abandonMailboxesOf(rig.region, THIRD.threadId)
    const isReached = interrupt(
      point,
      // One turn: what is published in it is not applied yet.
      () => rig.manager.run(),
      () => registrar.tell(deregister('x')),
    )
    registrar.tell(register('x'))
    assertReported(scene)
    return { outer: isKilled, inner: isReached }
  })
  assert.ok(pairs >= 100, `pairs=${pairs}`)
})

test('a manager that is killed while it takes a mark back is followed by one that does', () => {
  const pairs = forEachPair((death, point) => {
    const { rig, registrar, third } = begin()
    const isKilled = kill(death, () => third.tell(deregister('x')))
    abandonMailboxesOf(rig.region, THIRD.threadId)
    const isReached = kill(point, () => rig.drain())
    rig.restart()
    rig.drain()
    assertFree(rig.region)
    const { x } = stateOf(new TableReader(rig.region, 0)).components
    assert.equal(x !== undefined && registrar.attachment.bindings.isEnding(0, 1), false)
    return { outer: isKilled, inner: isReached }
  })
  assert.ok(pairs >= 100, `pairs=${pairs}`)
})
