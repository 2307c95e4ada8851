// A small region with a manager and attachments in one thread, for unit tests of what runs on it.
import type { TestContext } from 'node:test'
import { Drain } from '../../src/manager/drain.js'
import {
  KIND_UPDATE,
  MAILBOX_HIGH_WATER,
  type RegionSizes,
  STATUS_SHIFT,
  WATCHED_TICK,
} from '../../src/memory/layout.js'
import { MailboxWriter } from '../../src/memory/mailbox-writer.js'
import { createRegion, type Region } from '../../src/memory/region.js'
import { encodeRules } from '../../src/memory/rules-block.js'
import { SlotMap } from '../../src/memory/slot-latch.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { encodeMetadata, encodeText } from '../../src/memory/text.js'
import { nowTicks } from '../../src/memory/ticks.js'
import { metadataPairs } from '../../src/model/arguments.js'
import { type ComponentRules, NO_RULES } from '../../src/model/component-rules.js'
import type { ReadinessPolicy } from '../../src/model/policy.js'
import type { HealthReport } from '../../src/model/report.js'
import { Attachment } from '../../src/runtime/attachment.js'
import { Reporter } from '../../src/runtime/reporter.js'
import { TextCache } from '../../src/runtime/text-cache.js'
import { TEST_POLICY } from '../policy.js'

export const SMALL: RegionSizes = {
  maxComponents: 4,
  maxThreads: 4,
  mailboxBytes: 4096,
  journalBytes: 4096,
  heapBytes: 64 * 1024,
  maxPayloadBytes: 512,
}

export function smallRegion(
  sizes: Partial<RegionSizes> & { maxSuppressionMs?: number } = {},
  firstTicket = 1,
): Region {
  return createRegion({ ...SMALL, ...sizes }, firstTicket)
}

/** The clocks of this thread, which stand still but for `pass` and `suspend`. */
export class StoppedClock {
  /** Where somebody else watches for suspensions while time passes. */
  watched: Region | undefined
  #ms = 5_000_000
  readonly #epochMs = 1_700_000_000_000

  constructor(t: TestContext) {
    t.mock.method(process, 'hrtime', () => [Math.floor(this.#ms / 1e3), (this.#ms % 1e3) * 1e6])
    t.mock.method(Date, 'now', () => this.#epochMs + this.#ms)
  }

  /** Epoch ms. */
  get now(): number {
    return this.#epochMs + this.#ms
  }

  pass(ms: number): void {
    this.#ms += ms
    if (this.watched !== undefined) this.watched.words[WATCHED_TICK] = nowTicks()
  }

  /** Time that passes while nobody runs. */
  suspend(ms: number): void {
    this.#ms += ms
  }
}

/** A runtime without threads: what is published waits for `drain.run()`. */
export class Bench {
  readonly region: Region
  readonly #policy: ReadinessPolicy
  drain: Drain

  constructor(
    sizes: Partial<RegionSizes> & { maxSuppressionMs?: number } = {},
    firstTicket = 1,
    policy: ReadinessPolicy = TEST_POLICY,
  ) {
    this.region = smallRegion(sizes, firstTicket)
    this.#policy = policy
    this.drain = new Drain(this.region, policy)
  }

  attach(threadId = 1, publishTimeoutMs = 0): Attachment {
    return new Attachment(this.region, threadId, publishTimeoutMs)
  }

  /** Registers and applies. */
  register(attachment: Attachment, name: string, rules?: Partial<ComponentRules>): Reporter {
    const encoded = rules && encodeRules({ ...NO_RULES, ...rules })
    attachment.register(encodeText(name, 255), encoded)
    this.drain.run()
    return this.reporter(attachment, name)
  }

  reporter(attachment: Attachment, name: string): Reporter {
    return new Reporter(name, attachment, new TextCache(this.region.layout.maxPayloadBytes))
  }

  /** The manager does all that is due. */
  settle(): void {
    this.drain.run()
    this.drain.tellOverlays()
  }

  /** The manager dies between two records, and another one takes over. */
  restart(): void {
    this.drain = new Drain(this.region, this.#policy)
  }

  /** The table as a new reader finds it. */
  report(): HealthReport {
    return new TableReader(this.region, 0).snapshot().report
  }

  /** A word of the region, such as a counter of the control block. */
  word(index: number): number {
    return this.region.words[index]!
  }
}

/**
 * A producer that is stopped between raiseLatest and publishTail: its ticket counts, its record is not there yet.
 * Takes the mailbox of this index, which no attachment may have.
 */
export class HeldProducer {
  readonly #region: Region
  readonly #writer: MailboxWriter

  constructor(region: Region, index: number) {
    this.#region = region
    this.#writer = new MailboxWriter(region, index)
    if (region.words[MAILBOX_HIGH_WATER]! <= index) region.words[MAILBOX_HIGH_WATER] = index + 1
  }

  /** Draws and raises a ticket for the slot's first registration; publishes when it is called. */
  update(
    slot: number,
    status: number,
    message: string,
    metadata?: Readonly<Record<string, string>>,
  ): () => void {
    const { words } = this.#region
    const ticket = this.#writer.drawTicket()
    const previous = Atomics.exchange(words, new SlotMap(this.#region).latestTicket(slot), ticket)
    return () => {
      const kind = KIND_UPDATE | (status << STATUS_SHIFT)
      const pairs = metadata && encodeMetadata(metadataPairs(metadata), 512)
      const record = { kind, slot, generation: 1 }
      this.#writer.write(record, encodeText(message, 512), pairs, 0, () => {})
      this.#writer.publish(ticket, previous)
    }
  }
}
