// What is counted of gRPC, in shared words: the gRPC actor counts while the probe actor, of another thread, tells `/metrics`
// of it, and neither asks the other. The counts outlive both.
//
//   words               writer        says
//   RESTARTS            host          restarts of the gRPC actor
//   STATE               host          how it is, as a place in ACTOR_STATES
//   CALLS               gRPC actor    calls answered, by method and status code
//   REFUSED             gRPC actor    streams refused, as there were too many
//   LATE                gRPC actor    streams ended for want of a request, or of somebody who reads the answer
import { ACTOR_STATES, type ActorState } from '../runtime/stats.js'
import { GrpcCode } from './grpc-codes.js'

/** The methods of the service, by the numbers that they have here. */
export const METHODS = ['Check', 'Watch', 'List'] as const
export type Method = (typeof METHODS)[number]

const CODES = 17
/** 128 bytes: words of several writers are not neighbours. */
const LINE_WORDS = 32
const RESTARTS = 0
const STATE = 1
const CALLS = LINE_WORDS
const REFUSED = CALLS + METHODS.length * CODES
const LATE = REFUSED + 1
const WORDS = LATE + 1

/** Codes that a healthy server may give are shown from the start on, as an increase from nothing to 1 is none to Prometheus. */
const EXPECTED = new Set<number>([GrpcCode.OK, GrpcCode.NOT_FOUND])

export class GrpcCounters {
  /** Handed to the actors, which make their own GrpcCounters of it. */
  readonly buffer: SharedArrayBuffer
  readonly #words: Int32Array<SharedArrayBuffer>

  constructor(buffer = new SharedArrayBuffer(WORDS * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** Host: the actor was restarted. */
  countRestart(): void {
    Atomics.add(this.#words, RESTARTS, 1)
  }

  /** Host: how the actor is. */
  noteState(state: ActorState): void {
    Atomics.store(this.#words, STATE, ACTOR_STATES.indexOf(state))
  }

  /** gRPC actor: a call was answered, or a stream of answers begun or refused, with this code. */
  countCall(method: Method, code: number): void {
    Atomics.add(this.#words, CALLS + METHODS.indexOf(method) * CODES + code, 1)
  }

  countRefused(): void {
    Atomics.add(this.#words, REFUSED, 1)
  }

  countLate(): void {
    Atomics.add(this.#words, LATE, 1)
  }

  get restarts(): number {
    return this.#read(RESTARTS)
  }

  get state(): ActorState {
    return ACTOR_STATES[this.#read(STATE)]!
  }

  get refused(): number {
    return this.#read(REFUSED)
  }

  get late(): number {
    return this.#read(LATE)
  }

  *calls(): Iterable<{ method: Method; code: string; count: number }> {
    for (const [i, method] of METHODS.entries()) {
      for (const [code, number] of Object.entries(GrpcCode)) {
        const count = this.#read(CALLS + i * CODES + number)
        if (count > 0 || EXPECTED.has(number)) yield { method, code, count }
      }
    }
  }

  /** Counters wrap at 2^32. */
  #read(word: number): number {
    return Atomics.load(this.#words, word) >>> 0
  }
}
