import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Drain } from '../../src/manager/drain.js'
import { JournalReader } from '../../src/memory/journal-reader.js'
import { CUT_COUNT, HEAP_USED_BYTES } from '../../src/memory/layout.js'
import type { Region } from '../../src/memory/region.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { encodeText } from '../../src/memory/text.js'
import type { HealthStatus } from '../../src/model/health-status.js'
import { Attachment } from '../../src/runtime/attachment.js'
import { Reporter } from '../../src/runtime/reporter.js'
import { TextCache } from '../../src/runtime/text-cache.js'
import { TEST_POLICY } from '../policy.js'
import { anyText, check, pairsOf, smallRegion } from './support.js'

type Metadata = Readonly<Record<string, string>> | null

interface Update {
  name: string
  status: HealthStatus
  message: string
  metadata: Metadata
}

/** A long message is given as what it repeats, so that a counterexample can be read. */
type Step =
  | {
      kind: 'update'
      name: string
      status: HealthStatus
      message: [text: string, times: number]
      metadata: Metadata
    }
  | { kind: 'register' | 'deregister'; name: string }
  | { kind: 'restart' }

interface Shown {
  status: number
  message: string
  metadata: [string, string][]
}

const MAX_PAYLOAD_BYTES = 16 * 1024
/** No block of the heap takes this, so whoever writes it makes the manager give up all that it can. */
const HUGE: [text: string, times: number] = ['x', 10_000]

/**
 * A table with too small a heap. What a component shows may be cut, but then it says so or is empty, it is counted, and
 * nothing else changes.
 */
class CrampedWorld {
  readonly #region: Region
  readonly #attachment: Attachment
  readonly #reporters = new Map<string, Reporter>()
  readonly #reader: TableReader
  readonly #journal: JournalReader
  #drain: Drain
  readonly #shown = new Map<string, Shown>()

  constructor(heapBytes: number) {
    this.#region = smallRegion({
      heapBytes,
      mailboxBytes: 64 * 1024,
      journalBytes: 32 * 64,
      maxPayloadBytes: MAX_PAYLOAD_BYTES,
    })
    this.#drain = new Drain(this.#region, TEST_POLICY)
    this.#attachment = new Attachment(this.#region, 1, 0)
    this.#reader = new TableReader(this.#region, 0)
    this.#journal = new JournalReader(this.#region, 'oldest')
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'update':
        this.#update({ ...step, message: step.message[0].repeat(step.message[1]) })
        return
      case 'register':
        this.#register(step.name)
        return
      case 'deregister':
        this.#reporter(step.name).deregister()
        this.#drain.run()
        this.#shown.delete(step.name)
        return
      case 'restart':
        this.#drain = new Drain(this.#region, TEST_POLICY)
        return
    }
  }

  check(): void {
    for (const reader of [this.#reader, new TableReader(this.#region, 0)]) {
      const { report } = reader.snapshot()
      assert.deepEqual([...report.keys()].sort(), [...this.#shown.keys()].sort())
      for (const [name, shown] of this.#shown) assert.deepEqual(this.#read(reader, name), shown)
    }
  }

  /** Once the manager has given up what only it keeps, nothing is in use that a new one would not find again. */
  checkBooks(): void {
    if (this.#shown.size === 0) return
    const [name] = this.#shown.keys()
    // Never said before, so it is published.
    const message = 'y'.repeat(HUGE[1])
    this.#update({ name: name!, status: 1, message, metadata: null })
    const used = this.#region.words[HEAP_USED_BYTES]
    this.#drain = new Drain(this.#region, TEST_POLICY)
    assert.equal(this.#region.words[HEAP_USED_BYTES], used)
    this.check()
  }

  #register(name: string): void {
    const receipt = this.#attachment.register(encodeText(name, 255))
    this.#drain.run()
    if (this.#attachment.wasRefused(receipt) || this.#shown.has(name)) return
    this.#shown.set(name, { status: 0, message: '', metadata: [] })
  }

  #update({ name, status, message, metadata }: Update): void {
    const before = this.#shown.get(name)
    const cutsBefore = this.#region.words[CUT_COUNT]!
    this.#reporter(name).update(status, message, metadata)
    const isPublished = this.#attachment.backlog() > 0
    this.#drain.run()
    // What was said before is not said again, also if it had to be cut then.
    if (before === undefined || !isPublished) return
    const after = this.#read(this.#reader, name)
    const cuts = this.#region.words[CUT_COUNT]! - cutsBefore
    const isMessageWhole = after.message === message
    if (!isMessageWhole) checkCut(after.message, message)
    const expected = metadata === null ? before.metadata : pairsOf(metadata)
    const isMetadataWhole = JSON.stringify(after.metadata) === JSON.stringify(expected)
    if (!isMetadataWhole) {
      assert.notEqual(metadata, null, 'metadata that was to be kept is gone')
      assert.deepEqual(after.metadata, [])
    }
    assert.equal(after.status, status)
    assert.equal(cuts, Number(!isMessageWhole) + Number(!isMetadataWhole))
    this.#shown.set(name, after)
    if (status !== before.status) this.#checkTransition(name, before, after)
  }

  #checkTransition(component: string, before: Shown, after: Shown): void {
    let last: unknown
    for (let next = this.#journal.next(); next !== undefined; next = this.#journal.next()) {
      last =
        'missed' in next ? next : { ...next, metadata: pairsOf(next.metadata), number: 0, at: 0 }
    }
    const { status: newStatus, ...rest } = after
    const oldStatus = before.status
    assert.deepEqual(last, { component, oldStatus, newStatus, ...rest, number: 0, at: 0 })
  }

  #read(reader: TableReader, name: string): Shown {
    const { status, message, metadata } = reader.snapshot().report.get(name)!
    return { status, message, metadata: pairsOf(metadata) }
  }

  #reporter(name: string): Reporter {
    const known = this.#reporters.get(name)
    if (known !== undefined) return known
    const reporter = new Reporter(name, this.#attachment, new TextCache(MAX_PAYLOAD_BYTES))
    this.#reporters.set(name, reporter)
    return reporter
  }
}

/** A message for which there was no room is empty, or ends in a notice of what is missing. */
function checkCut(shown: string, message: string): void {
  if (shown === '') return
  const notice = /… \[truncated (\d+) bytes\]$/.exec(shown)
  assert.ok(notice, `no notice in ${JSON.stringify(shown)}`)
  const kept = shown.slice(0, notice.index)
  assert.ok(message.startsWith(kept))
  assert.equal(Number(notice[1]), Buffer.byteLength(message) - Buffer.byteLength(kept))
}

const name = fc.constantFrom('a', 'b', 'c', 'd', 'component with a name of some length')
const message = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(
      fc.nat(5_000).map((count) => `message ${count}`),
      fc.constant(1),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(anyText(20), fc.nat(300)) },
  { weight: 1, arbitrary: fc.constant(HUGE) },
)
const metadata = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(null, {}) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat(5_000), fc.nat(60)).map(([count, times]) => ({
      count: String(count),
      text: 'y'.repeat(times),
    })),
  },
)
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('update'),
      name,
      status: fc.constantFrom<HealthStatus>(1, 2, 3),
      message,
      metadata,
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('register'), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('deregister'), name }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart') }) },
)
const program = fc.array(step, { maxLength: 400, size: 'max' })

test('with too little room statuses are kept, and what is cut says so or is empty, and is counted', () => {
  const heapBytes = fc.integer({ min: 16, max: 200 }).map((granules) => granules * 32)
  check(
    fc.property(heapBytes, program, (bytes, steps) => {
      const world = new CrampedWorld(bytes)
      for (const next of steps) {
        world.do(next)
        world.check()
      }
      world.checkBooks()
    }),
    100,
  )
})
