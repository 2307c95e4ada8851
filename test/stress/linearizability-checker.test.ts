// The checker must be right before it may judge the runtime: accepted and rejected histories by hand, a
// comparison with trying every order, and the size of what it can take.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  checkLinearizable,
  type Operation,
  type SequentialModel,
} from './linearizability-checker.js'
import { Random, seedOfRun } from './support/random.js'

type RegisterCall = { write: string } | 'read'
type RegisterOperation = Operation<RegisterCall, string | undefined>

const register: SequentialModel<string, RegisterCall, string | undefined> = {
  initial: '',
  step: (state, { input, output, returnedAt }) => {
    if (input !== 'read') return input.write
    return output === state || returnedAt === Number.POSITIVE_INFINITY ? state : undefined
  },
  keyOf: (state) => state,
}

function write(thread: number, value: string, invokedAt: number, returnedAt: number) {
  return { thread, input: { write: value }, output: undefined, invokedAt, returnedAt }
}

function read(thread: number, value: string, invokedAt: number, returnedAt: number) {
  return { thread, input: 'read' as const, output: value, invokedAt, returnedAt }
}

const isLinearizable = (history: RegisterOperation[]) =>
  checkLinearizable(register, history).isLinearizable

test('a sequential history is accepted', () => {
  assert.ok(
    isLinearizable([
      write(0, 'a', 1, 2),
      read(1, 'a', 3, 4),
      write(0, 'b', 5, 6),
      read(1, 'b', 7, 8),
    ]),
  )
})

test('an empty history is accepted', () => {
  assert.ok(isLinearizable([]))
})

test('a read beside a write may see the old value or the new one', () => {
  assert.ok(isLinearizable([write(0, 'a', 1, 10), read(1, '', 2, 3)]))
  assert.ok(isLinearizable([write(0, 'a', 1, 10), read(1, 'a', 2, 3)]))
})

test('operations that only touch count as concurrent', () => {
  assert.ok(isLinearizable([write(0, 'a', 1, 2), read(1, '', 2, 3)]))
})

test('concurrent writes may take effect in either order, but in one order for everybody', () => {
  const writes = [write(0, 'a', 1, 10), write(1, 'b', 1, 10)]
  assert.ok(isLinearizable([...writes, read(2, 'a', 11, 12), read(3, 'a', 11, 12)]))
  assert.ok(isLinearizable([...writes, read(2, 'b', 11, 12), read(3, 'b', 11, 12)]))
  assert.ok(!isLinearizable([...writes, read(2, 'a', 11, 12), read(3, 'b', 13, 14)]))
})

test('a stale read is rejected', () => {
  assert.ok(!isLinearizable([write(0, 'a', 1, 2), write(0, 'b', 3, 4), read(1, 'a', 5, 6)]))
})

test('a lost update is rejected', () => {
  assert.ok(!isLinearizable([write(0, 'a', 1, 2), read(0, '', 3, 4)]))
})

test('a value that nobody wrote is rejected', () => {
  assert.ok(!isLinearizable([write(0, 'a', 1, 2), read(1, 'c', 3, 4)]))
})

test('two reads in a row that go back in time are rejected', () => {
  assert.ok(!isLinearizable([write(0, 'a', 1, 20), read(1, 'a', 2, 3), read(1, '', 4, 5)]))
})

test('two threads that see two concurrent writes in different orders are rejected', () => {
  const history = [
    write(0, 'a', 1, 40),
    write(1, 'b', 1, 40),
    read(2, 'a', 2, 9),
    read(3, 'b', 2, 9),
    read(2, 'b', 10, 19),
    read(3, 'a', 10, 19),
  ]
  assert.ok(!isLinearizable(history))
})

test('a write that never returned may have taken effect, or not, or only later', () => {
  const killed = write(0, 'a', 1, Number.POSITIVE_INFINITY)
  assert.ok(isLinearizable([killed, read(1, '', 2, 3), read(1, '', 4, 5)]))
  assert.ok(isLinearizable([killed, read(1, '', 2, 3), read(1, 'a', 4, 5)]))
  assert.ok(!isLinearizable([killed, read(1, 'a', 2, 3), read(1, '', 4, 5)]))
})

test('a rejection names the operation that nothing explains and what ran beside it', () => {
  const stale = read(1, 'a', 5, 7)
  const beside = write(2, 'c', 6, 9)
  const judgement = checkLinearizable(register, [
    write(0, 'a', 1, 2),
    write(0, 'b', 3, 4),
    stale,
    beside,
  ])
  assert.deepEqual(judgement, {
    isLinearizable: false,
    operation: stale,
    pending: [beside],
    possible: ['b'],
  })
})

test('a reversed interval is refused', () => {
  assert.throws(() => isLinearizable([write(0, 'a', 2, 1)]), RangeError)
})

/** Whether some order of all operations that respects real time explains every answer: factorial, and obviously right. */
function isExplainedByTrying(history: readonly RegisterOperation[], state = ''): boolean {
  if (history.length === 0) return true
  return history.some((first) => {
    if (history.some((other) => other.returnedAt < first.invokedAt)) return false
    const next = register.step(state, first)
    return (
      next !== undefined &&
      isExplainedByTrying(
        history.filter((other) => other !== first),
        next,
      )
    )
  })
}

test('the checker agrees with trying every order on small random histories', (t) => {
  const seed = seedOfRun()
  t.diagnostic(`HEALTH_SEED=${seed}`)
  const random = new Random(seed)
  const verdicts = { accepted: 0, rejected: 0 }
  for (let round = 0; round < 3000; round++) {
    const nextFree = [0, 0, 0]
    const history: RegisterOperation[] = []
    for (let i = 0; i < 6; i++) {
      const thread = random.below(3)
      const invokedAt = nextFree[thread]! + 1 + random.below(3)
      const returnedAt = invokedAt + random.below(8)
      nextFree[thread] = returnedAt
      const value = random.pick(['a', 'b', 'c'])
      history.push((random.oneIn(2) ? read : write)(thread, value, invokedAt, returnedAt))
    }
    const expected = isExplainedByTrying(history)
    verdicts[expected ? 'accepted' : 'rejected']++
    assert.equal(isLinearizable(history), expected, JSON.stringify(history))
  }
  assert.ok(verdicts.accepted > 100 && verdicts.rejected > 100, JSON.stringify(verdicts))
})

test('a linearizable history of 100,000 operations on 4 threads is accepted, its altered copy rejected', (t) => {
  const seed = seedOfRun()
  t.diagnostic(`HEALTH_SEED=${seed}`)
  const random = new Random(seed)
  const returnedAt = [0, 0, 0, 0]
  let state = ''
  // Each operation takes effect at an instant of its own, and is stamped some way around it. Those of one
  // thread must not overlap, so each begins after the thread's last return.
  const history: RegisterOperation[] = []
  for (let i = 0; i < 100_000; i++) {
    const at = 10 * i
    const thread = random.below(4)
    if (returnedAt[thread]! >= at - 1) continue
    const from = Math.max(returnedAt[thread]! + 1, at - 1 - random.below(30))
    const until = at + 1 + random.below(30)
    returnedAt[thread] = until
    if (random.oneIn(2)) {
      history.push(read(thread, state, from, until))
    } else {
      state = `${i}`
      history.push(write(thread, state, from, until))
    }
  }
  const judgement = checkLinearizable(register, history)
  assert.ok(judgement.isLinearizable)
  assert.ok(
    judgement.mostConfigurations > 4,
    'the history is not concurrent enough to show anything',
  )
  const reads = history.filter(({ input }) => input === 'read')
  const late = reads.at(-10)!
  const altered = history.map((operation) =>
    operation === late ? { ...operation, output: reads.at(-100)!.output } : operation,
  )
  const rejection = checkLinearizable(register, altered)
  assert.ok(!rejection.isLinearizable)
  assert.deepEqual(rejection.operation, altered[history.indexOf(late)])
})
