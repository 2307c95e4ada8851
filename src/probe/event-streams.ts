// All clients of `/events`: told of transitions as these are journaled, in turns that leave probes room in between.
// Costs nothing while there is none. Probe actor's thread.
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { AppliedListener } from '../memory/applied-listener.js'
import type { Region } from '../memory/region.js'
import { ANSWER_TIMEOUT_MS } from './connections.js'
import { EventPages } from './event-pages.js'
import { EventStream } from './event-stream.js'
import type { StreamSink, StreamSource } from './listener.js'

/** The id of an event: the last one that a client was told of. */
export interface EventId {
  readonly runtimeId: string
  /** Of the transition, or of the last one that a gap stands for. */
  readonly number: number
}

/**
 * Where a stream begins: a transition's number, behind all of them, with the oldest that is kept, or behind the event of
 * this id.
 */
export type EventsFrom = number | 'now' | 'oldest' | EventId

interface Beginning {
  readonly first: number
  readonly preface?: Uint8Array
}

export interface EventStreamsOptions {
  /** How many there may be at a time. */
  readonly maxStreams: number
  /** How long nothing is sent at most, in ms. Default 15,000. */
  readonly heartbeatMs?: number
  /** How long a client may take nothing of what is there for it, in ms. Default as for any answer. */
  readonly stalledMs?: number
  /** Ms on a clock that never goes back; `performance.now` but in tests. */
  readonly nowMs?: () => number
}

const HEARTBEAT_MS = 15_000
/** Streams that are looked after before whatever else the loop has to do. */
const STREAMS_A_TURN = 16
/** Looks this often at least, in ms, should a wake be lost with its manager. */
const LOOK_MS = 250
/** Between two rounds, in ms: nobody reads faster, and what comes meanwhile goes out in one piece. */
const REST_MS = 10
/** As long as some of them are behind, in ms. */
const BEHIND_REST_MS = 2
/** What a stream that ends is still told, at most. */
const LAST_PAGES = 4

export class EventStreams {
  readonly maxStreams: number
  readonly #pages: EventPages
  readonly #listener: AppliedListener
  readonly #heartbeatMs: number
  readonly #stalledMs: number
  readonly #nowMs: () => number
  readonly #streams = new Set<EventStream>()
  #timer: NodeJS.Timeout | undefined
  #isRunning = false
  #isHurried = false
  #isClosed = false

  constructor(region: Region, options: EventStreamsOptions) {
    const { maxStreams, heartbeatMs = HEARTBEAT_MS, stalledMs = ANSWER_TIMEOUT_MS } = options
    this.maxStreams = maxStreams
    this.#pages = new EventPages(region)
    this.#listener = new AppliedListener(region.words)
    this.#heartbeatMs = heartbeatMs
    this.#stalledMs = stalledMs
    this.#nowMs = options.nowMs ?? (() => performance.now())
  }

  get count(): number {
    return this.#streams.size
  }

  /** How many have a client that takes nothing for now. */
  get blockedCount(): number {
    let count = 0
    for (const stream of this.#streams) if (stream.isBlocked) count++
    return count
  }

  get isFull(): boolean {
    return this.#isClosed || this.#streams.size >= this.maxStreams
  }

  /** For an answer: begins a stream when its transport has a sink for it. */
  opener(from: EventsFrom): (sink: StreamSink) => StreamSource {
    const { first, preface } = this.#resolve(from)
    return (sink) => {
      const stream: EventStream = new EventStream(sink, {
        pages: this.#pages,
        first,
        preface,
        nowMs: this.#nowMs,
        onDrained: () => this.#lookNow(),
        onClosed: () => this.#streams.delete(stream),
      })
      // Others may have come first since the answer was given.
      if (this.isFull) stream.end()
      else this.#start(stream)
      return stream
    }
  }

  /** Tells all of them what is journaled already, as far as they take it, and ends them. */
  close(): void {
    this.#isClosed = true
    clearInterval(this.#timer)
    for (const stream of this.#streams) {
      for (let page = 0; page < LAST_PAGES && stream.sendPage(); page++);
      stream.end()
    }
    this.#listener.wakeAll()
  }

  #resolve(from: EventsFrom): Beginning {
    const pages = this.#pages
    const { nextNumber } = pages
    if (from === 'now') return { first: nextNumber }
    if (typeof from !== 'object') {
      return { first: from === 'oldest' || from > nextNumber ? pages.oldestNumber : from }
    }
    const isOurs = from.runtimeId === pages.runtimeId && from.number < nextNumber
    if (isOurs) return { first: from.number + 1 }
    // What became of the other runtime is not known here, and nothing of this one to whoever comes from there.
    return { first: 1, preface: pages.changeOfRuntime }
  }

  #start(stream: EventStream): void {
    this.#streams.add(stream)
    // Twice as often as one is due, so that one that was told something after the last round is not left alone for longer.
    this.#timer ??= setInterval(() => void this.#keepAlive(), this.#heartbeatMs / 2).unref()
    if (this.#isRunning) {
      this.#lookNow()
    } else {
      this.#isRunning = true
      void this.#run()
    }
  }

  /** There is something to send, though nothing was applied. */
  #lookNow(): void {
    this.#isHurried = true
    this.#listener.wakeAll()
  }

  async #run(): Promise<void> {
    let heard: number | undefined
    while (this.#streams.size > 0 && !this.#isClosed) {
      let hasMore = false
      await this.#visit((stream) => {
        if (stream.sendPage()) hasMore = true
      })
      if (hasMore) {
        heard = undefined
        await delay(BEHIND_REST_MS, undefined, { ref: false })
      } else if (heard === undefined) {
        // Looks once more: what is journaled from here on wakes.
        heard = this.#listener.listen()
      } else {
        await delay(REST_MS, undefined, { ref: false })
        if (!this.#isHurried) await this.#listener.changed(heard, LOOK_MS)
        this.#isHurried = false
        heard = undefined
      }
    }
    this.#isRunning = false
    if (this.#streams.size === 0) {
      clearInterval(this.#timer)
      this.#timer = undefined
    }
  }

  #keepAlive(): Promise<void> {
    return this.#visit((stream) => stream.keepAlive(this.#heartbeatMs / 2, this.#stalledMs))
  }

  async #visit(act: (stream: EventStream) => void): Promise<void> {
    let left = STREAMS_A_TURN
    for (const stream of this.#streams) {
      if (left-- === 0) {
        left = STREAMS_A_TURN
        await nextTurn()
        if (this.#isClosed) return
      }
      act(stream)
    }
  }
}
