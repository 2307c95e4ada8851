// What is admitted while clients hold bodies, and what is refused; by counts of bytes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProbeAnswer, ProbeHandler } from '../../src/probe/listener.js'
import { bounded, UnsentBodies } from '../../src/probe/unsent-bodies.js'
import { answerOf, legible } from '../ask.js'

const KIB = 1024

function answer(bytes: number): ProbeAnswer {
  return { status: 200, contentType: 'text/plain', body: Buffer.alloc(bytes, 'x') }
}

function admitted(unsent: UnsentBodies, given: ProbeAnswer): ProbeAnswer {
  const got = unsent.admit(given)
  assert.equal(got.body, given.body)
  return got
}

test('bodies count until they are released, once each', () => {
  const unsent = new UnsentBodies(100 * KIB)
  const [first, second] = [answer(40 * KIB), answer(50 * KIB)].map((each) => admitted(unsent, each))
  assert.equal(unsent.bytes, 90 * KIB)
  first!.release?.()
  first!.release?.()
  assert.equal(unsent.bytes, 50 * KIB)
  second!.release?.()
  assert.equal(unsent.bytes, 0)
})

test('a body that many are sent counts once, until the last has it', () => {
  const unsent = new UnsentBodies(100 * KIB)
  const shared = answer(90 * KIB)
  const all = Array.from({ length: 50 }, () => admitted(unsent, shared))
  for (const each of all) {
    assert.equal(unsent.bytes, 90 * KIB)
    each.release?.()
  }
  assert.equal(unsent.bytes, 0)
})

test('a body counts once for each where each has a copy', () => {
  const unsent = new UnsentBodies(100 * KIB, true)
  const shared = answer(45 * KIB)
  const all = [shared, shared].map((each) => admitted(unsent, each))
  assert.equal(unsent.bytes, 90 * KIB)
  assert.equal(unsent.admit(shared).status, 503)
  for (const { release } of all) release?.()
  assert.equal(unsent.bytes, 0)
})

test('what does not fit is refused, says why, and can be had when others have theirs', () => {
  const unsent = new UnsentBodies(100 * KIB)
  const first = admitted(unsent, answer(60 * KIB))
  const refused = unsent.admit(answer(60 * KIB))
  assert.deepEqual(legible(refused), {
    status: 503,
    contentType: 'application/json',
    headers: [['Retry-After', '1']],
    isLast: true,
    body: '{"error":"other clients have not taken their answers yet: maxUnsentBytes=102400"}\n',
  })
  assert.equal(unsent.bytes, 60 * KIB)
  first.release?.()
  admitted(unsent, answer(60 * KIB))
})

test('what a kubelet reads is never refused, and costs nothing', () => {
  const unsent = new UnsentBodies(100 * KIB)
  admitted(unsent, answer(100 * KIB))
  const small = answer(10 * KIB)
  assert.equal(unsent.admit(small), small)
  assert.equal(unsent.admit(answer(10 * KIB + 1)).status, 503)
})

test('a body that is larger than all may be is admitted alone', () => {
  const unsent = new UnsentBodies(100 * KIB)
  const huge = admitted(unsent, answer(300 * KIB))
  assert.equal(unsent.admit(answer(11 * KIB)).status, 503)
  huge.release?.()
  assert.equal(unsent.bytes, 0)
})

test('answers are counted whether they are there at once or later, but not those to a HEAD', async () => {
  const unsent = new UnsentBodies(100 * KIB)
  const large = answer(60 * KIB)
  const handler: ProbeHandler = ({ target }) =>
    target === '/later' ? Promise.resolve({ ...large }) : large
  const ask = bounded(handler, unsent)
  assert.equal(await answerOf(ask, '/', { method: 'HEAD' }), large)
  assert.equal(unsent.bytes, 0)
  const first = await answerOf(ask, '/later')
  assert.equal(unsent.bytes, 60 * KIB)
  const other = bounded(() => answer(60 * KIB), unsent)
  assert.equal((await answerOf(other, '/')).status, 503)
  assert.equal((await answerOf(other, '/', { method: 'HEAD' })).status, 200)
  first.release?.()
  assert.equal(unsent.bytes, 0)
})
