// What a thread says it is at: a short text in the line of its mailbox, which others read while it is stuck. Writing is a few
// stores and waits for nobody. Written by the thread that owns the mailbox alone; read by any.
import {
  BREADCRUMB_BEGUN,
  BREADCRUMB_LENGTH,
  BREADCRUMB_SEQUENCE,
  BREADCRUMB_TEXT,
  BREADCRUMB_WORDS,
  MAILBOX_HIGH_WATER,
  MAILBOX_OWNER,
  MAX_BREADCRUMB_BYTES,
  WORD_BYTES,
  type Words,
} from './layout.js'
import { mailboxHeader } from './mailbox.js'
import { put, type Region } from './region.js'
import { nowTicks, TICK_MS, ticksSince } from './ticks.js'

/** Writing takes well under a microsecond, so a reader that meets it twice has met a thread that was held up in it. */
const MAX_ATTEMPTS = 8

function breadcrumbLine({ layout }: Region, mailbox: number): number {
  return layout.breadcrumbs + mailbox * BREADCRUMB_WORDS
}

/** The owner's side. */
export class BreadcrumbWriter {
  readonly #words: Words
  readonly #line: number
  readonly #encoder = new TextEncoder()
  readonly #bytes = new Uint8Array(MAX_BREADCRUMB_BYTES)
  readonly #content = new Int32Array(this.#bytes.buffer)
  /** What the text words hold, and how many bytes of them count. */
  #text = ''
  #length = 0

  /** Takes the line over from whoever had the mailbox before, who may have been killed at any store. */
  constructor(region: Region, mailbox: number) {
    this.#words = region.words
    this.#line = breadcrumbLine(region, mailbox)
    Atomics.store(this.#words, this.#line + BREADCRUMB_LENGTH, 0)
    this.#endWrite()
  }

  /** Cut between characters at 64 bytes; `''` clears it. */
  set(text: string): void {
    const words = this.#words
    const line = this.#line
    if (text === '') {
      Atomics.store(words, line + BREADCRUMB_LENGTH, 0)
      return
    }
    // Programs leave the same few breadcrumbs again and again, mostly as literals, which are compared by their address.
    if (text !== this.#text) this.#writeText(text)
    // These two need no protection: whichever of them a reader finds old was true with the text that is there.
    Atomics.store(words, line + BREADCRUMB_BEGUN, nowTicks() | 0)
    Atomics.store(words, line + BREADCRUMB_LENGTH, this.#length)
  }

  #writeText(text: string): void {
    const words = this.#words
    const line = this.#line
    // Pairs with readBreadcrumb: text that it takes between two looks at the same even value is of one piece.
    Atomics.store(words, line + BREADCRUMB_SEQUENCE, words[line + BREADCRUMB_SEQUENCE]! | 1)
    // The old length with the new text would be half a character.
    Atomics.store(words, line + BREADCRUMB_LENGTH, 0)
    // Writes whole characters alone.
    this.#length = this.#encoder.encodeInto(text, this.#bytes).written
    this.#text = text
    const count = Math.ceil(this.#length / WORD_BYTES)
    for (let i = 0; i < count; i++) put(words, line + BREADCRUMB_TEXT + i, this.#content[i]!)
    this.#endWrite()
  }

  #endWrite(): void {
    const index = this.#line + BREADCRUMB_SEQUENCE
    const sequence = this.#words[index]!
    if ((sequence & 1) === 1) Atomics.store(this.#words, index, (sequence + 1) | 0)
  }
}

export interface Breadcrumb {
  readonly text: string
  /** The tick at which it was left, as a word. */
  readonly begunAt: number
}

/** Undefined where there is none, or where its writer is in the middle of it and does not get on. */
export function readBreadcrumb(region: Region, mailbox: number): Breadcrumb | undefined {
  const { words } = region
  const line = breadcrumbLine(region, mailbox)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const sequence = Atomics.load(words, line + BREADCRUMB_SEQUENCE)
    if ((sequence & 1) === 1) continue
    const length = Atomics.load(words, line + BREADCRUMB_LENGTH)
    const begunAt = Atomics.load(words, line + BREADCRUMB_BEGUN)
    const content = new Int32Array(Math.ceil(length / WORD_BYTES))
    for (let i = 0; i < content.length; i++) {
      content[i] = Atomics.load(words, line + BREADCRUMB_TEXT + i)
    }
    // Pairs with BreadcrumbWriter.#writeText.
    if (Atomics.load(words, line + BREADCRUMB_SEQUENCE) !== sequence) continue
    if (length === 0) return undefined
    const text = Buffer.from(content.buffer).toString('utf8', 0, length)
    return { text, begunAt }
  }
  return undefined
}

/** What a thread says that it is at. */
export interface ThreadBreadcrumb {
  readonly threadId: number
  readonly text: string
  /** Since it was left, in ms. */
  readonly forMs: number
}

/** Those of all attached threads. */
export function readBreadcrumbs(region: Region): ThreadBreadcrumb[] {
  const { words } = region
  const breadcrumbs: ThreadBreadcrumb[] = []
  const count = Atomics.load(words, MAILBOX_HIGH_WATER)
  for (let mailbox = 0; mailbox < count; mailbox++) {
    const index = mailboxHeader(region, mailbox) + MAILBOX_OWNER
    const owner = Atomics.load(words, index)
    const breadcrumb = owner > 0 ? readBreadcrumb(region, mailbox) : undefined
    // Pairs with claimMailbox: of this thread if nobody else has the mailbox by now.
    if (breadcrumb === undefined || Atomics.load(words, index) !== owner) continue
    const { text, begunAt } = breadcrumb
    const forMs = Math.max(0, ticksSince(nowTicks(), begunAt)) * TICK_MS
    breadcrumbs.push({ threadId: owner - 1, text, forMs })
  }
  return breadcrumbs
}
