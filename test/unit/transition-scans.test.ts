// How a history is looked up: in slices, for one at a time, and for so many at most. By turns of the loop, never by time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EventStreams } from '../../src/probe/event-streams.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { answerOf } from '../ask.js'
import { FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { Bench } from './core-support.js'

function world(transitionCount: number, message: string) {
  const bench = new Bench({
    maxPayloadBytes: 64 * 1024,
    heapBytes: 8 << 20,
    journalBytes: 1 << 17,
    mailboxBytes: 1 << 17,
  })
  const reporter = bench.register(bench.attach(), 'one')
  const flip = (count: number) => {
    for (let i = 0; i < count; i++) {
      reporter.update((i % 2) + 1 === 1 ? 3 : 1, message)
      bench.drain.run()
    }
  }
  flip(transitionCount)
  const streams = new EventStreams(bench.region, { maxStreams: 8 })
  const transitions = { region: bench.region, streams }
  const handler = createProbeHandler(new FakeReader(), { ...OPEN_TO_ALL, transitions })
  return { flip, ask: (target: string) => answerOf(handler, target) }
}

/** What it gives, and how many turns the loop took meanwhile. */
async function turnsOf<T>(work: () => Promise<T> | T): Promise<{ result: T; turns: number }> {
  let turns = 0
  const count = () => {
    turns++
    immediate = setImmediate(count)
  }
  let immediate = setImmediate(count)
  const result = await work()
  clearImmediate(immediate)
  return { result, turns }
}

test('long transitions are written out in slices, with turns for others in between', async () => {
  const { ask } = world(200, 'x'.repeat(20_000))
  const { result, turns } = await turnsOf(() => ask('/transitions?limit=1000'))
  const { transitions } = JSON.parse(Buffer.from(result.body).toString())
  assert.equal(transitions.length, 200)
  assert.deepEqual([transitions[0].number, transitions[199].number], [1, 200])
  assert.equal(transitions[199].message.length, 20_000)
  // Of 64 KiB each, to be written, and of a MiB, to be put together.
  assert.ok(turns >= 50, `${turns} turns`)
})

test('short ones are looked at in slices', async () => {
  const { ask } = world(1_000, 'short')
  const { result, turns } = await turnsOf(() => ask('/transitions?component=none'))
  assert.equal(String(result.body), '{"transitions":[]}\n')
  assert.ok(turns >= 10, `${turns} turns`)
})

test('so many wait, and the next one is told to come again', async () => {
  const { ask } = world(10, 'x')
  const waiting = Array.from({ length: 16 }, (_, i) => ask(`/transitions?limit=${i + 1}`))
  const refused = await ask('/transitions?limit=17')
  assert.equal(refused.status, 503)
  assert.deepEqual(refused.headers, [['Retry-After', '1']])
  assert.equal(String(refused.body), '{"error":"too many wait for transitions: maxWaiting=16"}\n')
  // Who asks for the same waits for the same.
  const same = ask('/transitions?limit=3')
  const answers = await Promise.all(waiting)
  for (const [i, { status, body }] of answers.entries()) {
    assert.equal(status, 200)
    assert.equal(JSON.parse(String(body)).transitions.length, Math.min(i + 1, 10))
  }
  assert.equal((await same).body, answers[2]!.body)
  assert.equal((await ask('/transitions?limit=17')).status, 200)
})

test('the same history is the same bytes until there is more of it', async () => {
  const { ask, flip } = world(10, 'x'.repeat(2_000))
  const first = await ask('/transitions')
  assert.equal((await ask('/transitions?limit=100')).body, first.body)
  assert.notEqual((await ask('/transitions?component=one')).body, first.body)
  flip(1)
  const second = await ask('/transitions')
  assert.equal(JSON.parse(String(second.body)).transitions.length, 11)
})
