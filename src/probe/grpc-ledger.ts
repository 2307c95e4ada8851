// The ledger of gRPC calls, in shared memory: the gRPC actor enters calls while the probe actor, of another thread, shows
// them at `/ledger`, and neither asks or waits for the other. It outlives both.
//
//   word 0        32         64                               entry i at 64 + i * 138
//   +-----------+----------+--------------------------------+--------------------------------------------------------+
//   | (unused)  | COUNT    | entries 0 .. 255, then a copy  | SEQUENCE | AT   | LATENCY | CODE | LENGTHS | texts       |
//   |           | FAILURES | of the last failure            | 1 word   | 2    | 2       | 1    | 4       | 128 words   |
//   +-----------+----------+--------------------------------+--------------------------------------------------------+
//
// All words are the gRPC actor's; it is killed between any two stores, and its successor goes on from COUNT. The n-th entry,
// from 0, has the sequence 2n+1 while it is written and 2n+2 when it is whole, so a reader knows whose words it has copied.
import { fitText } from '../memory/text.js'
import type { ProbeQuestion, ProbeRecord, ProbeStats } from '../model/probe-stats.js'
import { isKubeletAgent } from './kubelet-body.js'

export const GRPC_RECORDS = 256
const LAST_FAILURE = GRPC_RECORDS

const COUNT = 32
const LIVENESS_FAILURES = 33
const READINESS_FAILURES = 34
const FAILURE_COUNT = 35
const ENTRIES = 64

const SEQUENCE = 0
const AT = 1
const LATENCY = 3
const CODE = 5
const LENGTHS = 6
const TEXTS = 10
/** Bytes of path, client, user agent and reason. */
const TEXT_BYTES = [128, 48, 64, 272] as const
const ENTRY_WORDS = TEXTS + TEXT_BYTES.reduce((sum, bytes) => sum + bytes, 0) / 4
const WORDS = ENTRIES + (GRPC_RECORDS + 1) * ENTRY_WORDS

/** Which word counts the failures in a row of a question. */
const failureWords: ReadonlyMap<ProbeQuestion, number> = new Map([
  ['liveness', LIVENESS_FAILURES],
  ['readiness', READINESS_FAILURES],
])

/** A call to be entered. */
export interface GrpcEntry extends Omit<ProbeRecord, 'at' | 'latencyUs'> {
  /** What a kubelet that calls so wants to know, where it can be told. */
  readonly question: ProbeQuestion | undefined
  /** Whether a kubelet takes it for a success. */
  readonly isSuccess: boolean
  readonly latencyMs: number
}

/** Both sides: the gRPC actor enters, anybody reads. */
export class GrpcLedger {
  /** Handed to the actors, which make their own GrpcLedger of it. */
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array<SharedArrayBuffer>
  /** An entry outside of shared memory, where it has other views. */
  readonly #entry = new ArrayBuffer(ENTRY_WORDS * 4)
  readonly #entryWords = new Int32Array(this.#entry)
  readonly #entryBytes = Buffer.from(this.#entry)

  constructor(buffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** gRPC actor: enters a call that was just answered. */
  enter(entry: GrpcEntry): void {
    this.#fill(entry)
    const words = this.#words
    const count = Atomics.load(words, COUNT)
    this.#publish((count >>> 0) % GRPC_RECORDS, count)
    // Pairs with records: who sees the count finds the entry whole, or overwritten by a later one.
    Atomics.store(words, COUNT, (count + 1) | 0)
    const failures = entry.question && failureWords.get(entry.question)
    if (failures === undefined || !isKubeletAgent(entry.userAgent)) return
    if (entry.isSuccess) {
      Atomics.store(words, failures, 0)
      return
    }
    Atomics.add(words, failures, 1)
    const failureCount = Atomics.load(words, FAILURE_COUNT)
    this.#publish(LAST_FAILURE, failureCount)
    Atomics.store(words, FAILURE_COUNT, (failureCount + 1) | 0)
  }

  /** The newest first. */
  *records(): Iterable<ProbeRecord> {
    const count = Atomics.load(this.#words, COUNT)
    for (let back = 1; back <= GRPC_RECORDS; back++) {
      const number = (count - back) | 0
      const record = this.#read((number >>> 0) % GRPC_RECORDS, number)
      // Never written, or overwritten meanwhile; so are all before it.
      if (record === undefined) return
      yield record
    }
  }

  stats(): ProbeStats {
    const words = this.#words
    const failureCount = Atomics.load(words, FAILURE_COUNT)
    return {
      answered: Atomics.load(words, COUNT) >>> 0,
      failuresInARow: {
        liveness: Atomics.load(words, LIVENESS_FAILURES),
        readiness: Atomics.load(words, READINESS_FAILURES),
        startup: 0,
      },
      lastFailure: this.#read(LAST_FAILURE, (failureCount - 1) | 0),
    }
  }

  #fill({ path, client, userAgent, reason, code, latencyMs }: GrpcEntry): void {
    this.#entryBytes.writeDoubleLE(Date.now(), AT * 4)
    this.#entryBytes.writeDoubleLE(latencyMs, LATENCY * 4)
    this.#entryWords[CODE] = code
    let at = TEXTS * 4
    for (const [i, text] of [path, client, userAgent, reason].entries()) {
      const maxBytes = TEXT_BYTES[i]!
      this.#entryWords[LENGTHS + i] = this.#entryBytes.write(fitText(text, maxBytes), at)
      at += maxBytes
    }
  }

  #publish(place: number, number: number): void {
    const words = this.#words
    const base = ENTRIES + place * ENTRY_WORDS
    Atomics.store(words, base + SEQUENCE, (2 * number + 1) | 0)
    for (let i = AT; i < TEXTS; i++) Atomics.store(words, base + i, this.#entryWords[i]!)
    let from = TEXTS
    for (const [i, maxBytes] of TEXT_BYTES.entries()) {
      const end = from + Math.ceil(this.#entryWords[LENGTHS + i]! / 4)
      for (let at = from; at < end; at++) Atomics.store(words, base + at, this.#entryWords[at]!)
      from += maxBytes / 4
    }
    // Pairs with read: all of the entry happens before its even sequence.
    Atomics.store(words, base + SEQUENCE, (2 * number + 2) | 0)
  }

  /** The entry of this number, if its place holds it, whole. */
  #read(place: number, number: number): ProbeRecord | undefined {
    const words = this.#words
    const base = ENTRIES + place * ENTRY_WORDS
    const sequence = (2 * number + 2) | 0
    // A place that was never written.
    if (sequence === 0 || Atomics.load(words, base + SEQUENCE) !== sequence) return undefined
    for (let i = AT; i < ENTRY_WORDS; i++) this.#entryWords[i] = Atomics.load(words, base + i)
    if (Atomics.load(words, base + SEQUENCE) !== sequence) return undefined
    const texts: string[] = []
    let at = TEXTS * 4
    for (const [i, maxBytes] of TEXT_BYTES.entries()) {
      texts.push(this.#entryBytes.toString('utf8', at, at + this.#entryWords[LENGTHS + i]!))
      at += maxBytes
    }
    const [path = '', client = '', userAgent = '', reason = ''] = texts
    return {
      at: this.#entryBytes.readDoubleLE(AT * 4),
      path,
      code: this.#entryWords[CODE]!,
      client,
      userAgent,
      reason,
      latencyUs: Math.round(this.#entryBytes.readDoubleLE(LATENCY * 4) * 1e4) / 10,
    }
  }
}
