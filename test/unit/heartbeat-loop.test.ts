// When heartbeats are sent, and what follows when they are not received: under a clock that the test moves.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { buildHeartbeatRequestFromReport } from '../../src/heartbeat/request.js'
import type { CodeName } from '../../src/heartbeat/transport.js'
import { decodeReportHealth } from '../../src/heartbeat/wire.js'
import { type Fate, rig } from './heartbeat-support.js'

const clusterIds = (attempts: readonly { message: Uint8Array }[]) =>
  attempts.map(({ message }) => decodeReportHealth(message).clusterId)

test('the first heartbeat goes out at once, and one follows at each interval', async () => {
  const { clock, transport, loop, sent } = rig()
  loop.start()
  await clock.advance(45_000)
  assert.deepEqual(transport.times, [0, 15, 30, 45])
  assert.deepEqual(clusterIds(transport.attempts), ['report 1', 'report 2', 'report 3', 'report 4'])
  assert.deepEqual(sent[1], {
    operatorType: 1,
    at: 1_767_225_615_000,
    bytes: 14,
    attempts: 1,
    collectNow: false,
    isResent: false,
    isFinal: false,
  })
})

test('each interval is longer by a random part of the jitter', async () => {
  const chances = [0, 0.5, 0.999]
  const { clock, transport, loop } = rig({ jitterMs: 1_500, random: () => chances.shift() ?? 0 })
  loop.start()
  await clock.advance(50_000)
  assert.deepEqual(transport.times.slice(0, 4), [0, 15, 30.75, 47.2485])
})

const RETRYABLE: readonly CodeName[] = [
  'UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'RESOURCE_EXHAUSTED',
  'UNKNOWN',
  'CANCELLED',
  'ABORTED',
]
const FINAL: readonly CodeName[] = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'DATA_LOSS',
  'UNAUTHENTICATED',
]

for (const code of RETRYABLE) {
  test(`after ${code} the same bytes are sent again, 250 and 500 ms later, and 5 s later once more`, async () => {
    const { clock, transport, loop, sent, errors } = rig()
    transport.fates = [code, code, code, code, 'ok']
    loop.start()
    await clock.advance(14_999)
    assert.deepEqual(transport.times, [0, 0.25, 0.75, 5.75, 6])
    assert.deepEqual(new Set(clusterIds(transport.attempts)), new Set(['report 1']))
    assert.deepEqual(
      sent.map(({ attempts, isResent }) => [attempts, isResent]),
      [[2, true]],
    )
    assert.deepEqual(errors, [
      `the heartbeat was not received: operatorType=read code=${code} attempts=3: as the test says`,
    ])
  })
}

for (const code of FINAL) {
  test(`${code} ends the call at once; it is sent once more after 5 s`, async () => {
    const { clock, transport, loop, errors } = rig()
    transport.later = code
    loop.start()
    await clock.advance(14_999)
    assert.deepEqual(transport.times, [0, 5])
    assert.deepEqual(errors.length, 2)
  })
}

test('an attempt that hangs is given up at its deadline', async () => {
  const { clock, transport, loop, errors } = rig({ attemptTimeoutMs: 2_000 })
  transport.later = 'hang'
  loop.start()
  await clock.advance(7_000)
  assert.deepEqual(transport.times, [0, 2.25, 4.75])
  assert.deepEqual(
    transport.attempts.map(({ signal }) => signal.aborted),
    [true, true, true],
  )
  assert.match(errors[0] ?? '', /code=DEADLINE_EXCEEDED attempts=3: no answer within 2000 ms/)
})

test('an answer that is not of the contract is a failure', async () => {
  const { clock, transport, loop, errors, sent } = rig()
  transport.fates = ['garbage']
  loop.start()
  await clock.advance(5_000)
  assert.match(errors[0] ?? '', /code=INTERNAL attempts=1: the answer is not of the contract/)
  assert.equal(sent.length, 1)
})

test('a tick that comes while a heartbeat is under way is dropped and counted', async () => {
  const { clock, transport, loop } = rig({ attemptTimeoutMs: 20_000 })
  transport.fates = ['hang']
  loop.start()
  await clock.advance(31_000)
  assert.deepEqual(transport.times, [0, 20.25, 30])
  assert.equal(loop.stats().droppedTicks, 1)
})

test('an answer that asks for a collection is told', async () => {
  const { clock, transport, loop, sent } = rig()
  transport.fates = ['collect']
  loop.start()
  await clock.advance(15_000)
  assert.deepEqual(
    sent.map(({ collectNow }) => collectNow),
    [true, false],
  )
})

test('a report that can not be made is told and counted, and the next tick tries again', async () => {
  let isBroken = true
  const { clock, transport, loop, errors } = rig({
    build: async () => {
      if (isBroken) throw new Error('no report today')
      return undefined
    },
  })
  loop.start()
  await clock.advance(0)
  assert.deepEqual(errors, ['no heartbeat could be made: operatorType=read: no report today'])
  isBroken = false
  await clock.advance(15_000)
  assert.equal(errors.length, 1)
  assert.equal(transport.attempts.length, 0)
  assert.deepEqual([loop.stats().failedReports, loop.stats().emptyTicks], [1, 1])
})

test('what last failed is shown until something is well again', async () => {
  let isBroken = true
  const { clock, transport, loop } = rig({
    resendDelayMs: 20_000,
    build: async () => {
      if (isBroken) throw new Error('no report today')
      return buildHeartbeatRequestFromReport(null, 'c', 1, '', '', new Date(0))
    },
  })
  assert.equal(loop.stats().lastFailure, undefined)
  loop.start()
  await clock.advance(0)
  assert.match(loop.stats().lastFailure ?? '', /no report today$/)
  isBroken = false
  transport.fates = ['UNIMPLEMENTED']
  await clock.advance(15_000)
  assert.match(loop.stats().lastFailure ?? '', /code=UNIMPLEMENTED/)
  await clock.advance(20_000)
  assert.equal(loop.stats().lastFailure, undefined)
})

describe('the first outcome is known', () => {
  for (const [when, options, fates, afterMs] of [
    ['when the first heartbeat is received', {}, ['ok'], 0],
    ['when the first call has failed with all its attempts', {}, Array(3).fill('ABORTED'), 750],
    ['when the first attempt has been given up', { attemptTimeoutMs: 60_000 }, ['hang'], 60_250],
    ['when there is nothing to send', { build: async () => undefined }, [], 0],
  ] as const) {
    test(when, async () => {
      const { clock, transport, loop } = rig(options)
      transport.fates = [...fates] as Fate[]
      let isKnown = false
      void loop.firstOutcome.then(() => {
        isKnown = true
      })
      await clock.advance(1_000)
      assert.equal(isKnown, false)
      loop.start()
      if (afterMs > 0) {
        await clock.advance(afterMs - 1)
        assert.equal(isKnown, false)
        await clock.advance(1)
      }
      await clock.advance(0)
      assert.equal(isKnown, true)
    })
  }
})

test('a report that takes for ever is given up', async () => {
  let signal: AbortSignal | undefined
  const { clock, loop, errors } = rig({
    build: (given) => {
      signal = given
      return new Promise(() => {})
    },
  })
  loop.start()
  await clock.advance(20_000)
  assert.equal(signal?.reason.name, 'TimeoutError')
  assert.deepEqual(errors, [
    'no heartbeat could be made: operatorType=read: no report within 20000 ms',
  ])
})

test('ten minutes of outage: failures are counted, the breaker opens and spaces the calls out, and one success closes it', async () => {
  const { clock, transport, loop, outcomes, sent } = rig()
  transport.later = 'UNAVAILABLE'
  loop.start()
  await clock.advance(600_000)
  // Of each call the first attempt. The fifth failure opens the breaker; from then on each opens it for 15 s more.
  const calls = transport.times.filter((_, i) => i % 3 === 0)
  assert.deepEqual(calls, [0, 5.75, 15, 20.75, 30, 60, 105, 165, 240, 330, 435, 555])
  assert.deepEqual(
    outcomes.map(([failureCount, isOpen, waitMs]) => [failureCount, isOpen, waitMs / 1_000]),
    calls.map((_, i) => [i + 1, i >= 4, i >= 4 ? (i - 3) * 15 : 0]),
  )
  const { skippedTicks, droppedTicks, failedCalls, attempts } = loop.stats()
  assert.deepEqual([failedCalls, attempts, droppedTicks], [12, 36, 0])
  // 41 ticks, of which 10 began with a call; two calls were sent again.
  assert.equal(skippedTicks, 41 - 10)
  assert.equal(sent.length, 0)
  assert.equal(clock.pendingCount, 1, 'an outage leaves nothing behind but the next tick')
  transport.later = 'ok'
  await clock.advance(120_000)
  assert.deepEqual(outcomes.at(-1), [0, false, 0])
  assert.equal(loop.stats().circuitBreaker, 'closed')
  assert.equal(sent[0]?.at, 1_767_225_600_000 + 690_000)
})

test('the breaker stays open for five minutes at most', async () => {
  const { clock, transport, loop, outcomes } = rig()
  transport.later = 'UNAVAILABLE'
  loop.start()
  await clock.advance(24 * 3_600_000)
  assert.equal(outcomes.at(-1)?.[2], 300_000)
})

test('a stop gives up what is under way and sends a last heartbeat', async () => {
  const { clock, transport, loop, sent, errors } = rig()
  transport.fates = ['hang', 'UNAVAILABLE']
  loop.start()
  await clock.advance(1_000)
  const stopped = loop.stop(3_000)
  await clock.advance(250)
  await stopped
  assert.equal(transport.attempts[0]?.signal.aborted, true)
  assert.deepEqual(clusterIds(transport.attempts), ['report 1', 'report 2', 'report 2'])
  assert.deepEqual(
    sent.map(({ isFinal, attempts }) => [isFinal, attempts]),
    [[true, 2]],
  )
  assert.deepEqual(errors, [])
  assert.equal(clock.pendingCount, 0)
})

test('a last heartbeat that nobody takes delays the stop for its time and no longer', async () => {
  const { clock, transport, loop, errors } = rig()
  loop.start()
  await clock.advance(0)
  transport.later = 'hang'
  const stopped = loop.stop(3_000)
  await clock.advance(3_000)
  await stopped
  assert.match(errors[0] ?? '', /code=CANCELLED/)
  assert.equal(clock.pendingCount, 0)
})

test('a stop without a last heartbeat sends none', async () => {
  const { clock, transport, loop } = rig()
  loop.start()
  await clock.advance(0)
  await loop.stop(0)
  await clock.advance(60_000)
  assert.equal(transport.attempts.length, 1)
})
