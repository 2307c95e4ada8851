import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  KIND_UPDATE,
  MAILBOX_HEAD,
  MAILBOX_REFUSALS,
  MAILBOX_TAIL,
  METADATA_KEPT,
  RECORD_HEADER_WORDS,
  WORD_BYTES,
} from '../../src/memory/layout.js'
import { mailboxHeader } from '../../src/memory/mailbox.js'
import { MailboxReader } from '../../src/memory/mailbox-reader.js'
import { MailboxWriter } from '../../src/memory/mailbox-writer.js'
import type { Region } from '../../src/memory/region.js'
import { type Encoded, encodedOf } from '../../src/memory/text.js'
import { HealthError } from '../../src/model/errors.js'
import { check, nearWrap, smallRegion } from './support.js'

interface Sent {
  kind: number
  slot: number
  generation: number
  previous: number
  ticket: number
  text: Encoded
  metadata: Encoded | undefined
  lengthWords: number
}

type Step =
  | { kind: 'send'; textWords: number; metadataWords: number; previous: number; slot: number }
  | { kind: 'abandon'; textWords: number }
  | { kind: 'receive'; count: number }
  | { kind: 'newWriter' | 'newReader' | 'close' }

const noRing = () => {}
/** Records are padded to multiples of eight words, and the ticket takes the last word. */
function lengthOf(payloadWords: number): number {
  const needed = RECORD_HEADER_WORDS + payloadWords + 1
  return Math.ceil(needed / 8) * 8
}

/** One mailbox beside a plain queue. */
class MailboxWorld {
  readonly #region: Region
  readonly #index: number
  #writer: MailboxWriter
  #reader: MailboxReader
  readonly #queue: Sent[] = []
  #isClosed = false
  #refusals = 0
  #fill = 0

  constructor(region: Region, index: number, start: number) {
    this.#region = region
    this.#index = index
    const header = mailboxHeader(region, index)
    region.words[header + MAILBOX_TAIL] = start
    region.words[header + MAILBOX_HEAD] = start
    this.#writer = new MailboxWriter(region, index)
    this.#reader = new MailboxReader(region, index)
  }

  do(step: Step): void {
    switch (step.kind) {
      case 'send':
        this.#send(step)
        return
      case 'abandon':
        // Written, but the thread was interrupted by an error before it published: the next record starts over.
        this.#tryWrite({ kind: -1, slot: -1, generation: -1 }, this.#words(step.textWords))
        return
      case 'receive':
        for (let i = 0; i < step.count && this.#queue.length > 0; i++) this.#receive()
        return
      case 'newWriter':
        this.#writer = new MailboxWriter(this.#region, this.#index)
        return
      case 'newReader':
        this.#reader = new MailboxReader(this.#region, this.#index)
        return
      case 'close':
        this.#reader.close()
        this.#isClosed = true
        return
    }
  }

  #send({ textWords, metadataWords, previous, slot }: Step & { kind: 'send' }): void {
    const text = this.#words(textWords)
    const metadata = metadataWords === 0 ? undefined : this.#words(metadataWords)
    const record = { kind: KIND_UPDATE | ((slot & 3) << 8), slot, generation: slot * 3 }
    const lengthWords = lengthOf(textWords + metadataWords)
    if (!this.#hasRoom(lengthWords)) {
      assert.throws(
        () => this.#writer.write(record, text, metadata, 0, noRing),
        codeIs(this.#isClosed ? 'ERR_HEALTH_STOPPED' : 'ERR_HEALTH_BACKPRESSURE'),
      )
      if (!this.#isClosed) this.#refusals++
      return
    }
    this.#writer.write(record, text, metadata, 0, noRing)
    const ticket = this.#writer.drawTicket()
    if (this.#isClosed) {
      assert.throws(() => this.#writer.publish(ticket, previous), codeIs('ERR_HEALTH_STOPPED'))
      return
    }
    this.#writer.publish(ticket, previous)
    this.#queue.push({ ...record, previous, ticket, text, metadata, lengthWords })
  }

  #tryWrite(record: { kind: number; slot: number; generation: number }, text: Encoded): void {
    if (!this.#hasRoom(lengthOf(text.words.length))) return
    this.#writer.write(record, text, undefined, 0, noRing)
  }

  #receive(): void {
    const reader = this.#reader
    const sent = this.#queue.shift()!
    reader.limit = reader.loadTail()
    assert.ok(reader.load(), 'an accepted record is not there')
    assert.equal(reader.ticket, sent.ticket)
    assert.equal(reader.kind | (reader.status << 8), sent.kind)
    assert.equal(reader.textHash, sent.text.hash & 0x3ff)
    assert.equal(reader.metadataHash, (sent.metadata?.hash ?? 0) & 0x3ff)
    assert.equal(reader.slot, sent.slot)
    assert.equal(reader.generation, sent.generation)
    assert.equal(reader.previousTicket, sent.previous)
    assert.equal(reader.textHeader, sent.text.header)
    assert.equal(reader.metadataHeader, sent.metadata?.header ?? METADATA_KEPT)
    this.#checkWords(reader.textAt(), sent.text)
    if (sent.metadata !== undefined) this.#checkWords(reader.metadataAt(), sent.metadata)
    reader.advance()
  }

  #checkWords(position: number, sent: Encoded): void {
    const copy = new Int32Array(sent.words.length)
    this.#reader.copy(position, copy)
    assert.deepEqual(copy, sent.words)
    // Beside the ring, in the heap, which is empty here.
    const { words, layout } = this.#region
    words.set(sent.words, layout.heap)
    assert.ok(this.#reader.equals(position, layout.heap, sent.words.length))
    for (const index of sent.words.keys()) {
      words[layout.heap + index]! ^= 1
      assert.ok(!this.#reader.equals(position, layout.heap, sent.words.length), `word ${index}`)
      words[layout.heap + index]! ^= 1
    }
  }

  check(): void {
    const words = this.#queue.reduce((sum, { lengthWords }) => sum + lengthWords, 0)
    assert.equal(this.#writer.backlog(), words * WORD_BYTES)
    const tail = this.#reader.loadTail()
    assert.equal((tail - this.#reader.head) | 0, words)
    const last = this.#queue.at(-1)
    if (last !== undefined) assert.equal(this.#reader.ticketBefore(tail), last.ticket)
    const header = mailboxHeader(this.#region, this.#index)
    assert.equal(this.#region.words[header + MAILBOX_REFUSALS], this.#refusals)
  }

  #hasRoom(lengthWords: number): boolean {
    const used = this.#queue.reduce((sum, sent) => sum + sent.lengthWords, 0)
    return used + lengthWords <= this.#region.layout.mailboxWords
  }

  /** Content that no other record has. */
  #words(count: number): Encoded {
    this.#fill++
    const words = Int32Array.from({ length: count }, (_, i) => (this.#fill << 8) + i)
    return encodedOf(count * WORD_BYTES, words)
  }
}

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof HealthError && error.code === code
}

const wordCount = fc.oneof(
  { weight: 4, arbitrary: fc.nat(6) },
  { weight: 1, arbitrary: fc.nat(60) },
)
const send = fc.record({
  kind: fc.constant('send'),
  textWords: wordCount,
  metadataWords: wordCount,
  previous: fc.integer(),
  slot: fc.nat(1000),
})
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: send },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('abandon'), textWords: wordCount }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive'), count: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('newWriter', 'newReader') }) },
)
const target = fc.nat(1)
const program = fc.array(fc.tuple(target, step), { maxLength: 150, size: 'max' })
const capacityWords = fc.constantFrom(16, 32, 64, 128)
/** A multiple of 8, as tails are. */
const start = nearWrap.map((counter) => (counter & ~7) | 0)

function runWorld(
  words: number,
  starts: [number, number],
  steps: [number, Step][],
): MailboxWorld[] {
  const region = smallRegion({ mailboxBytes: words * WORD_BYTES, maxThreads: 2 })
  const worlds = starts.map((start, index) => new MailboxWorld(region, index, start))
  for (const [target, next] of steps) {
    worlds[target]!.do(next)
    for (const world of worlds) world.check()
  }
  return worlds
}

test('records come out whole and in the order in which they were published, or are refused for want of room', () => {
  check(
    fc.property(capacityWords, fc.tuple(start, start), program, (words, starts, steps) => {
      const worlds = runWorld(words, starts, steps)
      for (const world of worlds) world.do({ kind: 'receive', count: Number.POSITIVE_INFINITY })
      for (const world of worlds) world.check()
    }),
    400,
  )
})

test('a closed mailbox keeps what it has accepted and refuses everything after', () => {
  check(
    fc.property(
      capacityWords,
      fc.tuple(start, start),
      program,
      program,
      (words, starts, before, after) => {
        const close: [number, Step] = [0, { kind: 'close' }]
        const worlds = runWorld(words, starts, [...before, close, ...after])
        for (const world of worlds) world.do({ kind: 'receive', count: Number.POSITIVE_INFINITY })
        for (const world of worlds) world.check()
      },
    ),
    200,
  )
})
