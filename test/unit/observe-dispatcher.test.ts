import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Gap, Transition } from '../../src/model/transition.js'
import {
  type DeliveryBooks,
  Dispatcher,
  type ObserverCalls,
  type Timers,
} from '../../src/observe/dispatcher.js'

type Next = Transition | Gap | 'ended' | undefined

function transition(number: number): Transition {
  return { number, component: 'a', oldStatus: 1, newStatus: 2, message: '', metadata: {}, at: 0 }
}

/** Timers that run out when the test says so. */
class ManualTimers implements Timers {
  readonly pending = new Set<() => void>()
  start(_ms: number, callback: () => void): () => void {
    this.pending.add(callback)
    return () => this.pending.delete(callback)
  }
  runOut(): void {
    for (const callback of [...this.pending]) callback()
  }
}

interface Call {
  readonly what: number | `gap ${number}`
  resolve(): void
  reject(error: unknown): void
}

/** A dispatcher over a script of what the journal gives, with calls that end when the test says so. */
function rig(script: Next[], options: { concurrency?: number; soloUpTo?: number } = {}) {
  const said: string[] = []
  const calls: Call[] = []
  const timers = new ManualTimers()
  const call = (what: Call['what']) =>
    new Promise<void>((resolve, reject) => calls.push({ what, resolve, reject }))
  const observer: ObserverCalls = {
    transition: ({ number }) => call(number),
    gap: ({ missed }) => call(`gap ${missed}`),
  }
  const books: DeliveryBooks = {
    starting: (number) => said.push(`starting ${number}`),
    startingGap: (upTo) => said.push(`gap up to ${upTo}`),
    ended: ({ number }, { kind }) => said.push(`${number} ${kind}`),
    endedGap: ({ missed }, { kind }) => said.push(`gap ${missed} ${kind}`),
    doneUpTo: (number) => said.push(`done ${number}`),
  }
  const dispatcher = new Dispatcher({ next: () => script.shift() }, observer, books, timers, {
    timeoutMs: 1000,
    concurrency: 1,
    cursor: 0,
    ...options,
  })
  const underWay = () => calls.map(({ what }) => what)
  return { dispatcher, calls, timers, said, underWay, observer }
}

/** Lets everything happen that needs no timer and no other thread. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

test('one call at a time, in order, each after the one before has ended', async () => {
  const { dispatcher, calls, underWay, said } = rig([transition(1), transition(2), 'ended'])
  const run = dispatcher.run(10)
  await settled()
  assert.deepEqual(underWay(), [1])
  calls[0]?.resolve()
  await settled()
  assert.deepEqual(underWay(), [1, 2])
  calls[1]?.resolve()
  assert.equal(await run, 'ended')
  assert.deepEqual(said, [
    'starting 1',
    '1 returned',
    'done 1',
    'starting 2',
    '2 returned',
    'done 2',
  ])
})

test('as many calls as it may have begin in order, and all before the first unfinished one are done', async () => {
  const script = [1, 2, 3, 4].map(transition)
  const { dispatcher, calls, underWay, said } = rig(script, { concurrency: 3 })
  const run = dispatcher.run(10)
  await settled()
  assert.deepEqual(underWay(), [1, 2, 3])
  calls[1]?.resolve()
  await settled()
  assert.deepEqual(underWay(), [1, 2, 3, 4])
  assert.equal(dispatcher.cursor, 0)
  calls[0]?.resolve()
  assert.equal(await run, 'idle')
  assert.equal(dispatcher.cursor, 2)
  calls[2]?.resolve()
  calls[3]?.resolve()
  await settled()
  assert.deepEqual(
    said.filter((each) => each.startsWith('done')),
    ['done 0', 'done 2', 'done 3', 'done 4'],
  )
})

test('suspects are called one at a time, whatever the concurrency', async () => {
  const script = [1, 2, 3, 4].map(transition)
  const { dispatcher, calls, underWay } = rig(script, { concurrency: 4, soloUpTo: 2 })
  void dispatcher.run(10)
  await settled()
  assert.deepEqual(underWay(), [1])
  calls[0]?.resolve()
  await settled()
  assert.deepEqual(underWay(), [1, 2, 3, 4])
})

test('a call that throws, rejects, or gives what cannot be awaited is an error, and the next one is made', async () => {
  const said: unknown[] = []
  const odd = Object.defineProperty({}, 'then', {
    get() {
      throw new Error('odd')
    },
  })
  const bad: (() => unknown)[] = [
    () => {
      throw new Error('thrown')
    },
    () => Promise.reject(new Error('rejected')),
    () => odd,
    () => 'fine',
  ]
  const script: Next[] = [1, 2, 3, 4].map(transition)
  const dispatcher = new Dispatcher(
    { next: () => script.shift() ?? 'ended' },
    { transition: ({ number }) => bad[number - 1]?.(), gap: () => {} },
    {
      starting() {},
      startingGap() {},
      ended: (_, outcome) =>
        said.push(outcome.kind === 'failed' ? (outcome.error as Error).message : outcome.kind),
      endedGap() {},
      doneUpTo() {},
    },
    new ManualTimers(),
    { timeoutMs: 1, concurrency: 1, cursor: 0 },
  )
  assert.equal(await dispatcher.run(10), 'ended')
  assert.deepEqual(said, ['thrown', 'rejected', 'odd', 'returned'])
})

test('a call that does not come back is left to itself after its time, and what it does then counts for nothing', async () => {
  const { dispatcher, calls, timers, said } = rig([transition(1), transition(2)])
  const run = dispatcher.run(10)
  await settled()
  timers.runOut()
  await settled()
  calls[0]?.reject(new Error('too late'))
  calls[1]?.resolve()
  await settled()
  assert.equal(await run, 'idle')
  assert.deepEqual(said, [
    'starting 1',
    '1 timed-out',
    'done 1',
    'starting 2',
    '2 returned',
    'done 2',
  ])
  assert.equal(timers.pending.size, 0)
})

test('a gap is told alone, when all before it are done', async () => {
  const script: Next[] = [transition(1), { missed: 5 }, transition(7)]
  const { dispatcher, calls, underWay, said } = rig(script, { concurrency: 8 })
  void dispatcher.run(10)
  await settled()
  assert.deepEqual(underWay(), [1])
  calls[0]?.resolve()
  await settled()
  assert.deepEqual(underWay(), [1, 'gap 5'])
  assert.equal(dispatcher.cursor, 1)
  calls[1]?.resolve()
  await settled()
  assert.deepEqual(underWay(), [1, 'gap 5', 7])
  assert.deepEqual(said, [
    'starting 1',
    '1 returned',
    'done 1',
    'gap up to 6',
    'gap 5 returned',
    'done 6',
    'starting 7',
  ])
})

test('it pauses after so many calls, and goes on where it was', async () => {
  const { dispatcher, calls } = rig([1, 2, 3].map(transition), { concurrency: 8 })
  assert.equal(await dispatcher.run(2), 'more')
  assert.equal(calls.length, 2)
  assert.equal(await dispatcher.run(2), 'idle')
  assert.equal(calls.length, 3)
})

test('after a stop it begins no call, and waits for none', async () => {
  const { dispatcher, calls } = rig([transition(1), transition(2)])
  const run = dispatcher.run(10)
  await settled()
  dispatcher.stop()
  assert.equal(await run, 'ended')
  assert.equal(calls.length, 1)
  assert.equal(dispatcher.cursor, 0)
})
