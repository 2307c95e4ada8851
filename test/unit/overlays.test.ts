// How silence and its end get into the journal: once each, in order, whenever the manager dies.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { JournalReader } from '../../src/memory/journal.js'
import { HEAP_USED_BYTES, MAILBOX_HEAD, TABLE_SEQUENCE } from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { SlotMap, SlotWriter } from '../../src/memory/slot-latch.js'
import type { ComponentRules } from '../../src/model/component-rules.js'
import { Bench, HeldProducer, StoppedClock } from './core-support.js'

const SILENT = 'no update for 10.0 s (deadline 10 s)'

function rig(t: TestContext, rules: Partial<ComponentRules> = { unhealthyAfterMs: 10_000 }) {
  const clock = new StoppedClock(t)
  const bench = new Bench()
  const attachment = bench.attach()
  clock.watched = bench.region
  const reporter = bench.register(attachment, 'x', rules)
  const expire = () => {
    bench.settle()
    clock.pass(10_020)
    bench.settle()
  }
  return { clock, bench, attachment, reporter, expire }
}

type Told = [oldStatus: number, newStatus: number, message: string]

function toldOf({ region }: Bench): Told[] {
  const journal = new JournalReader(region, 'oldest')
  const told: Told[] = []
  for (let next = journal.next(); next !== undefined; next = journal.next()) {
    assert.ok('number' in next)
    told.push([next.oldStatus, next.newStatus, next.message])
  }
  return told
}

function countsOf({ region }: Bench): number[] {
  const slots = new SlotWriter(new SlotMap(region))
  return [0, 1, 2, 3].map((status) => slots.transitions(0, status))
}

test('silence is journaled once, and its end by a beat once', (t) => {
  const { clock, bench, reporter, expire } = rig(t)
  reporter.healthy('collecting', { a: '1' })
  expire()
  clock.pass(1_000)
  bench.settle()
  bench.settle()
  assert.deepEqual(toldOf(bench), [
    [0, 1, 'collecting'],
    [1, 3, SILENT],
  ])
  reporter.beat()
  clock.pass(250)
  bench.settle()
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(2), [[3, 1, 'collecting']])
  assert.deepEqual(countsOf(bench), [0, 2, 0, 1])
})

test('a transition of silence has the metadata, and the time at which the deadline ran out', (t) => {
  const { clock, bench, reporter } = rig(t)
  reporter.healthy('collecting', { a: '1' })
  bench.settle()
  const saidAt = clock.now
  // The manager was away.
  clock.pass(60_000)
  bench.restart()
  bench.settle()
  const journal = new JournalReader(bench.region, 'oldest')
  journal.next()
  const entry = journal.next()!
  assert.ok('number' in entry)
  assert.deepEqual({ ...entry.metadata }, { a: '1' })
  assert.equal(entry.at, saidAt + 10_010)
  assert.equal(bench.report().get('x')?.since, saidAt + 10_010)
})

test('an update ends the silence in its own transition, from what was told', (t) => {
  const { bench, reporter, expire } = rig(t)
  reporter.healthy('collecting')
  expire()
  reporter.degraded('slow')
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(1), [
    [1, 3, SILENT],
    [3, 2, 'slow'],
  ])
})

test('an update that says what the silence said is no transition', (t) => {
  const { bench, reporter, expire } = rig(t)
  reporter.healthy('collecting')
  expire()
  reporter.unhealthy('broken')
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(1), [[1, 3, SILENT]])
  assert.equal(bench.report().get('x')?.message, 'broken')
  reporter.healthy('mended')
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(2), [[3, 1, 'mended']])
})

test('an update that is applied only after its deadline is under the silence at once', (t) => {
  const { clock, bench, reporter } = rig(t)
  reporter.healthy('accepted in time')
  clock.pass(60_000)
  bench.settle()
  assert.deepEqual(toldOf(bench), [[0, 3, 'no update for 60.0 s (deadline 10 s)']])
  reporter.beat()
  clock.pass(250)
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(1), [[3, 1, 'accepted in time']])
})

test('an update that is worse than the silence it comes under is told', (t) => {
  const { clock, bench, reporter } = rig(t, { degradedAfterMs: 10_000 })
  reporter.healthy()
  bench.settle()
  clock.pass(60_000)
  bench.settle()
  const held = new HeldProducer(bench.region, 1)
  const publish = held.update(0, 3, 'broken')
  publish()
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(1), [
    [1, 2, 'no update for 60.0 s (deadline 10 s)'],
    [2, 3, 'broken'],
  ])
})

test('an update that was drawn before the silence was told and arrives after it still counts', (t) => {
  const { bench, reporter, expire } = rig(t)
  reporter.healthy('collecting')
  bench.settle()
  const publish = new HeldProducer(bench.region, 1).update(0, 2, 'slow')
  expire()
  publish()
  bench.settle()
  reporter.beat()
  assert.deepEqual(bench.report().get('x')?.message, 'slow')
})

test('each deadline is told by itself, unless both have run out by then', (t) => {
  const rules = { degradedAfterMs: 500, unhealthyAfterMs: 10_000 }
  const { clock, bench, reporter } = rig(t, rules)
  reporter.healthy()
  bench.settle()
  clock.pass(600)
  bench.settle()
  clock.pass(9_420)
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(1), [
    [1, 2, 'no update for 0.6 s (deadline 0.5 s)'],
    [2, 3, SILENT],
  ])
})

test('the manager says when it must look again', (t) => {
  const { clock, bench, attachment } = rig(t, { degradedAfterMs: 100, unhealthyAfterMs: 1_000 })
  assert.equal(bench.drain.tellOverlays(), 110)
  clock.pass(100)
  assert.equal(bench.drain.tellOverlays(), 10)
  clock.pass(10)
  // Beats ring no bell.
  assert.equal(bench.drain.tellOverlays(), 250)
  bench.reporter(attachment, 'x').deregister()
  bench.settle()
  assert.equal(bench.drain.tellOverlays(), Number.POSITIVE_INFINITY)
})

/** The manager dies before the commit of slot 0 that `run` makes, and before all that comes after. */
function dieBeforeCommit(bench: Bench, run: () => void): void {
  const { words, layout } = bench.region
  const head = mailboxHeader(bench.region, 0) + MAILBOX_HEAD
  const before = [words[layout.sequences]!, words[head]!, words[TABLE_SEQUENCE]!] as const
  run()
  assert.notEqual(words[layout.sequences], before[0])
  words[layout.sequences] = before[0]
  words[head] = before[1]
  words[TABLE_SEQUENCE] = before[2] + 1
}

test('silence that was journaled and not written is in its slot before anything else', (t) => {
  for (const isCounted of [true, false]) {
    const { clock, bench, reporter } = rig(t)
    reporter.healthy('collecting', { a: '1' })
    bench.settle()
    clock.pass(10_020)
    dieBeforeCommit(bench, () => bench.drain.tellOverlays())
    if (!isCounted) bench.region.words[new SlotMap(bench.region).transitions(0) + 3]!--
    reporter.beat()
    for (let i = 0; i < 3; i++) bench.restart()
    bench.settle()
    assert.deepEqual(toldOf(bench).slice(1), [
      [1, 3, SILENT],
      [3, 1, 'collecting'],
    ])
    assert.deepEqual(countsOf(bench), [0, 2, 0, 1])
    const { status, message, metadata } = bench.report().get('x')!
    assert.deepEqual([status, message, { ...metadata }], [1, 'collecting', { a: '1' }])
    t.mock.restoreAll()
  }
})

test('an update that ended the silence and was not written is met again as itself', (t) => {
  const { bench, reporter, expire } = rig(t)
  reporter.healthy('collecting')
  expire()
  reporter.healthy('back')
  dieBeforeCommit(bench, () => bench.drain.run(1))
  bench.restart()
  bench.settle()
  assert.deepEqual(toldOf(bench).slice(1), [
    [1, 3, SILENT],
    [3, 1, 'back'],
  ])
})

test('rules are kept by a new manager, and let go of with their component', (t) => {
  const { clock, bench, reporter } = rig(t)
  bench.restart()
  const used = bench.word(HEAP_USED_BYTES)
  assert.equal(used, 2 * 32)
  reporter.healthy()
  bench.settle()
  clock.pass(60_000)
  bench.settle()
  assert.equal(toldOf(bench).length, 2)
  reporter.deregister()
  bench.settle()
  bench.restart()
  // The journal keeps the name, and what it says of the silence.
  assert.equal(bench.word(HEAP_USED_BYTES), 32 + 64)
})

test('a manager dies between a deregistration and the end of its rules', (t) => {
  const { clock, bench, attachment, reporter } = rig(t)
  const options = new SlotMap(bench.region).options(0)
  const block = bench.word(options)
  reporter.deregister()
  bench.settle()
  bench.region.words[options] = block
  bench.restart()
  assert.equal(bench.word(HEAP_USED_BYTES), 0)
  bench.register(attachment, 'y').healthy('ok')
  bench.settle()
  clock.pass(60_000)
  bench.settle()
  assert.equal(bench.report().get('y')?.status, 1)
  assert.deepEqual(toldOf(bench), [[0, 1, 'ok']])
})

test('a registration whose rules find no room is refused', () => {
  const bench = new Bench({ heapBytes: 3 * 32 })
  const attachment = bench.attach()
  bench.register(attachment, 'a', { unhealthyAfterMs: 1_000 })
  bench.register(attachment, 'b', { unhealthyAfterMs: 1_000 })
  assert.deepEqual([...bench.report().keys()], ['a'])
  bench.register(attachment, 'c')
  assert.deepEqual([...bench.report().keys()], ['a', 'c'])
})

test('as many components as there are fall silent at once, each is told of once', (t) => {
  const count = 600
  const clock = new StoppedClock(t)
  const bench = new Bench({ maxComponents: count, journalBytes: 128 * 1024, heapBytes: 2 ** 20 })
  const attachment = bench.attach()
  clock.watched = bench.region
  for (let i = 0; i < count; i++) bench.register(attachment, `c${i}`, { degradedAfterMs: 1_000 })
  clock.pass(2_000)
  assert.equal(bench.drain.tellOverlays(), 0)
  assert.equal(bench.drain.tellOverlays(), 0)
  assert.equal(bench.drain.tellOverlays(), 250)
  assert.equal(toldOf(bench).length, count)
})
