import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { decodeText, encodeText } from '../../src/memory/text.js'
import { nowTicks, TICK_MS, ticksSince } from '../../src/memory/ticks.js'
import { TextCache } from '../../src/runtime/text-cache.js'
import { Bench } from './core-support.js'

test('an update said while the component was unregistered is said again after it is registered anew', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  reporter.deregister()
  // Published for the old registration, which the manager has not ended yet: ignored.
  reporter.healthy('ok')
  bench.register(attachment, 'x')
  reporter.healthy('ok')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('a reporter finds its component in another slot, also if its own slot is left free', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  const other = bench.register(attachment, 'y')
  reporter.deregister()
  reporter.healthy('to nobody')
  bench.drain.run()
  // The slot that was given back last is taken first.
  other.deregister()
  bench.register(attachment, 'x')
  reporter.healthy('ok')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('a reporter finds its component in another slot after a manager that died while it ended the registration', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  bench.register(attachment, 'y').deregister()
  bench.drain.run()
  reporter.deregister()
  reporter.healthy('to nobody')
  const latest = new SlotMap(bench.region).latestTicket(0)
  const published = bench.word(latest)
  bench.drain.run()
  // Dead before it could make reporters look again.
  bench.region.words[latest] = published
  bench.restart()
  bench.register(attachment, 'x')
  reporter.healthy('ok')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'ok')
})

test('an update that keeps metadata waits for nobody after its component was registered anew', () => {
  const bench = new Bench()
  const attachment = bench.attach(1)
  const other = bench.attach(2)
  const stale = bench.register(attachment, 'x')
  stale.healthy('first')
  bench.reporter(other, 'x').deregister()
  stale.healthy('of the old registration')
  other.register(encodeText('x', 255))
  bench.drain.run()
  stale.degraded('of the new one')
  assert.equal(bench.drain.run(), 'empty')
  assert.equal(bench.report().get('x')?.message, 'of the new one')
})

/** Two threads with a reporter each for the same component. */
function pair() {
  const bench = new Bench()
  const attachment = bench.attach(1)
  const one = bench.register(attachment, 'x')
  const other = bench.reporter(bench.attach(2), 'x')
  /** Whether a call published something. */
  const publishes = (call: () => void) => {
    const before = attachment.backlog()
    call()
    return attachment.backlog() > before
  }
  const shown = () => {
    bench.drain.run()
    const { status, message, metadata } = bench.report().get('x')!
    return [status, message, { ...metadata }]
  }
  return { bench, one, other, publishes, shown }
}

test('what was said last is not said again', () => {
  const { bench, one, publishes } = pair()
  one.healthy('ok', { a: '1', b: '2' })
  for (const repeat of [
    () => one.healthy('ok', { a: '1', b: '2' }),
    () => one.healthy('ok'),
    () => one.update(1, 'ok', null),
  ]) {
    assert.equal(publishes(repeat), false)
    bench.drain.run()
    assert.equal(publishes(repeat), false)
  }
})

test('whatever differs from what was said last is said', () => {
  const { one, publishes } = pair()
  const said = () => one.healthy('ok', { a: '1', b: '2' })
  for (const differs of [
    () => one.degraded('ok', { a: '1', b: '2' }),
    () => one.healthy('ok!', { a: '1', b: '2' }),
    () => one.healthy('ok', { a: '1', b: '3' }),
    () => one.healthy('ok', { a: '1' }),
    () => one.healthy('ok', { a: '1', b: '2', c: '3' }),
    () => one.healthy('ok', { a: '1', c: '2' }),
    () => one.healthy('ok', {}),
  ]) {
    said()
    assert.equal(publishes(differs), true)
  }
})

test('metadata that its caller changes afterwards is said as it is then', () => {
  const { one, publishes, shown } = pair()
  const metadata = { a: '1' }
  one.healthy('ok', metadata)
  metadata.a = '2'
  assert.equal(
    publishes(() => one.healthy('ok', metadata)),
    true,
  )
  assert.deepEqual(shown(), [1, 'ok', { a: '2' }])
})

test('what was said is said again once another thread has spoken, applied or not', () => {
  const { one, other, publishes, shown } = pair()
  one.healthy('ok')
  other.unhealthy('no')
  assert.equal(
    publishes(() => one.healthy('ok')),
    true,
  )
  assert.deepEqual(shown(), [1, 'ok', {}])
  other.unhealthy('no')
  assert.deepEqual(shown(), [3, 'no', {}])
  assert.equal(
    publishes(() => one.healthy('ok')),
    true,
  )
  assert.deepEqual(shown(), [1, 'ok', {}])
})

test('metadata counts as said only while nobody else can have changed it', () => {
  const { one, other, publishes, shown } = pair()
  one.healthy('ok', { a: '1' })
  other.healthy('mine', { a: '2' })
  one.healthy('ok')
  assert.equal(
    publishes(() => one.healthy('ok', { a: '1' })),
    true,
  )
  assert.deepEqual(shown(), [1, 'ok', { a: '1' }])
})

test('what was said of an earlier registration is said again, also after a beat', () => {
  const { bench, one, other, shown } = pair()
  one.healthy('ok')
  one.deregister()
  bench.drain.run()
  bench.register(bench.attach(3), 'x')
  one.beat()
  one.healthy('ok')
  assert.deepEqual(shown(), [1, 'ok', {}])
  other.deregister()
  bench.drain.run()
  bench.register(bench.attach(4), 'x')
  one.healthy('ok')
  assert.deepEqual(shown(), [1, 'ok', {}])
})

test('a beat is a time in the slot of its component, and publishes nothing', () => {
  const { bench, one, publishes } = pair()
  const index = new SlotMap(bench.region).beat(0)
  assert.equal(
    publishes(() => one.beat()),
    false,
  )
  assert.ok(Math.abs(ticksSince(nowTicks(), bench.word(index))) < 60_000 / TICK_MS)
})

test('arguments of the wrong kind are refused, and change nothing', () => {
  const { one, publishes } = pair()
  one.healthy('ok', {})
  const wrong: [unknown, unknown, unknown][] = [
    [4, 'ok', {}],
    ['1', 'ok', {}],
    [1, 7, {}],
    [1, undefined, {}],
    [1, 'ok', []],
    [1, 'ok', 5],
    [1, 'ok', ''],
    [1, 'ok', { a: 1 }],
  ]
  for (const given of wrong) {
    const call = () => one.update(...(given as Parameters<typeof one.update>))
    assert.throws(call, { code: 'ERR_HEALTH_ARGUMENT' }, JSON.stringify(given))
  }
  assert.equal(
    publishes(() => one.healthy('ok', {})),
    false,
  )
})

test('metadata whose getter throws is refused with the cause, and the update is not half said', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('ok', { a: '1' })
  bench.drain.run()
  const before = bench.report().get('x')
  const cause = new Error('from the getter')
  const metadata = {
    get a(): string {
      throw cause
    },
  }
  for (const say of [
    () => reporter.healthy('ok', metadata),
    () => reporter.unhealthy('broken', metadata),
    () => bench.reporter(attachment, 'x').unhealthy('broken', metadata),
  ]) {
    assert.throws(say, { code: 'ERR_HEALTH_ARGUMENT', cause })
    bench.drain.run()
    assert.deepEqual(bench.report().get('x'), before)
  }
  // What was said last is still what counts as said.
  reporter.healthy('ok', { a: '1' })
  assert.equal(attachment.backlog(), 0)
})

test('a getter that changes its mind is published as it was first read', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  const reporter = bench.register(attachment, 'x')
  let reads = 0
  const metadata = {
    get a() {
      return (reads++ === 0 ? 'ok' : 5) as string
    },
  }
  reporter.healthy('fine', metadata)
  bench.drain.run()
  assert.deepEqual({ ...bench.report().get('x')?.metadata }, { a: 'ok' })
  // It is compared as it is now, and refused for it.
  assert.throws(() => reporter.healthy('fine', metadata), { code: 'ERR_HEALTH_ARGUMENT' })
})

test('a message is encoded once however often it is repeated, and a thousand others do not confuse it', () => {
  const texts = new TextCache(64)
  const first = texts.encode('message 0')
  assert.equal(texts.encode('message 0'), first)
  for (let i = 0; i < 3_000; i++) {
    const { words, header } = texts.encode(`message ${i}`)
    assert.equal(decodeText(words, 0, header), `message ${i}`)
  }
  assert.equal(texts.encode('x'.repeat(100)).isCut, true)
})

test('an update by whom a registration in another mailbox has not reached yet waits for it and is applied', (t) => {
  const bench = new Bench()
  const elsewhere = bench.attach(1)
  const here = bench.attach(2, 100)
  const reporter = bench.reporter(here, 'x')
  elsewhere.register(encodeText('x', 255))
  // The manager runs while the reporter's thread waits for it, and at no other time.
  t.mock.method(Atomics, 'wait', () => {
    bench.drain.run()
    return 'ok'
  })
  reporter.healthy('hello')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'hello')
})

test('an update that meets a deregistration under way waits for what was published, and finds the next registration', (t) => {
  const bench = new Bench()
  const here = bench.attach(1, 100)
  const reporter = bench.register(here, 'x')
  reporter.healthy('of the old registration')
  const elsewhere = bench.attach(2)
  bench.reporter(elsewhere, 'x').deregister()
  elsewhere.register(encodeText('x', 255))
  t.mock.method(Atomics, 'wait', () => {
    bench.drain.run()
    return 'ok'
  })
  reporter.healthy('of the new registration')
  bench.drain.run()
  assert.equal(bench.report().get('x')?.message, 'of the new registration')
})
