// A small region with managers and producers on it, all in this thread. For model tests.
import { Drain } from '../../../src/manager/drain.js'
import { toFloatWords } from '../../../src/memory/control.js'
import {
  KIND_STANDBY,
  KIND_SUPPRESS_LIVENESS,
  KIND_SUPPRESS_READINESS,
  type RegionSizes,
  RUNTIME_ID,
  WATCHED_TICK,
  WORD_BYTES,
} from '../../../src/memory/layout.js'
import { createRegion, type Region } from '../../../src/memory/region.js'
import { encodeText } from '../../../src/memory/text.js'
import { nowTicks } from '../../../src/memory/ticks.js'
import { Attachment } from '../../../src/runtime/attachment.js'
import { Reporter } from '../../../src/runtime/reporter.js'
import { TextCache } from '../../../src/runtime/text-cache.js'
import { TEST_POLICY } from '../../policy.js'
import type { Told } from './plain-model.js'
import { simulation } from './simulation.js'

const SMALL: RegionSizes = {
  maxComponents: 4,
  maxThreads: 4,
  mailboxBytes: 4096,
  journalBytes: 16 * 64,
  heapBytes: 16 * 1024,
  maxPayloadBytes: 512,
}

/** A thread that reports: one attachment, and a reporter for each name it speaks of. */
export class Producer {
  readonly attachment: Attachment
  readonly #texts: TextCache
  readonly #reporters = new Map<string, Reporter>()

  constructor(region: Region, threadId: number, publishTimeoutMs = 0) {
    this.attachment = new Attachment(region, threadId, publishTimeoutMs)
    this.#texts = new TextCache(region.layout.maxPayloadBytes)
  }

  reporter(name: string): Reporter {
    let reporter = this.#reporters.get(name)
    if (reporter === undefined) {
      reporter = new Reporter(name, this.attachment, this.#texts)
      this.#reporters.set(name, reporter)
    }
    return reporter
  }

  /** Does not wait until it is applied. */
  tell(told: Told): void {
    switch (told.kind) {
      case 'register':
        this.attachment.register(encodeText(told.name, 255))
        return
      case 'deregister':
        this.reporter(told.name).deregister()
        return
      case 'update':
        this.reporter(told.name).update(told.status, told.message, told.metadata)
        return
      case 'standby':
        this.attachment.control(KIND_STANDBY, told.isStandby ? 1 : 0, 0)
        return
      case 'suppress': {
        const kind = told.check === 'liveness' ? KIND_SUPPRESS_LIVENESS : KIND_SUPPRESS_READINESS
        const [low, high] = toFloatWords(told.deadline)
        this.attachment.control(kind, low, high, encodeText(told.reason, 512))
      }
    }
  }
}

export class Rig {
  readonly region: Region
  #manager: Drain | undefined
  #threads = 0

  constructor(
    sizes: (Partial<RegionSizes> & { maxSuppressionMs?: number }) | Region = {},
    firstTicket = 1,
  ) {
    this.region = 'words' in sizes ? sizes : createRegion({ ...SMALL, ...sizes }, firstTicket)
    // Drawn anew for each region, and nothing to what is shown here: see LastRegion.
    this.region.words.fill(0, RUNTIME_ID, RUNTIME_ID + 2)
  }

  /** The current manager; made when it is asked for first. */
  get manager(): Drain {
    this.#manager ??= new Drain(this.region, TEST_POLICY)
    return this.#manager
  }

  /** The same words elsewhere, without a manager. */
  copy(): Rig {
    const { words, layout } = this.region
    return new Rig({ words: new Int32Array(words.buffer.slice(0)), layout })
  }

  producer(publishTimeoutMs = 0): Producer {
    return new Producer(this.region, ++this.#threads, publishTimeoutMs)
  }

  /** The current manager applies everything there is. */
  drain(): void {
    drainAll(this.manager)
  }

  /** The current manager does all that is due, as each turn of its loop does. */
  settleAll(): void {
    this.drain()
    for (let turn = 0; this.manager.tellOverlays() === 0; turn++) {
      if (turn === MAX_TURNS) throw new Error('the manager does not come to an end')
    }
  }

  /** Time passes, in which some other thread watches for suspensions. */
  pass(ms: number): void {
    simulation.passMs(ms)
    this.region.words[WATCHED_TICK] = nowTicks()
  }

  /** A new manager takes over, as after a crash. */
  restart(): void {
    this.#manager = new Drain(this.region, TEST_POLICY)
  }

  /** Tells and applies, one after the other. */
  settle(producer: Producer, told: Iterable<Told>): void {
    for (const each of told) {
      producer.tell(each)
      this.drain()
    }
  }
}

/** Runs the manager until nothing is left. The clock moves with each look, so waiting for a predecessor ends. */
export function drainAll(manager: Drain): void {
  for (let turn = 0; turn < MAX_TURNS; turn++) if (manager.run() === 'empty') return
  throw new Error('the manager does not come to an end')
}

const MAX_TURNS = 5000

/**
 * A new manager knows the region alone: where no word has changed from one point to the next, it does the same again,
 * and a test may go on to the next point.
 */
export class LastRegion {
  #bytes = new Uint8Array(0)

  isRepeated({ words }: Region, end = words.length): boolean {
    const bytes = new Uint8Array(words.buffer, 0, end * WORD_BYTES)
    const isRepeated = Buffer.compare(this.#bytes, bytes) === 0
    this.#bytes = new Uint8Array(bytes)
    return isRepeated
  }
}
