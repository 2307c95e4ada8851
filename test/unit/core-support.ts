// A small region with a manager and attachments in one thread, for unit tests of what runs on it.
import { Drain } from '../../src/manager/drain.js'
import type { RegionSizes } from '../../src/memory/layout.js'
import { createRegion, type Region } from '../../src/memory/region.js'
import { TableReader } from '../../src/memory/table-reader.js'
import { encodeText } from '../../src/memory/text.js'
import type { HealthReport } from '../../src/model/report.js'
import { Attachment } from '../../src/runtime/attachment.js'
import { Reporter, TextCache } from '../../src/runtime/reporter.js'

export const SMALL: RegionSizes = {
  maxComponents: 4,
  maxThreads: 4,
  mailboxBytes: 4096,
  journalBytes: 4096,
  heapBytes: 64 * 1024,
  maxPayloadBytes: 512,
}

export function smallRegion(sizes: Partial<RegionSizes> = {}, firstTicket = 1): Region {
  return createRegion({ ...SMALL, ...sizes }, firstTicket)
}

/** A runtime without threads: what is published waits for `drain.run()`. */
export class Bench {
  readonly region: Region
  drain: Drain

  constructor(sizes: Partial<RegionSizes> = {}, firstTicket = 1) {
    this.region = smallRegion(sizes, firstTicket)
    this.drain = new Drain(this.region)
  }

  attach(threadId = 1, publishTimeoutMs = 0): Attachment {
    return new Attachment(this.region, threadId, publishTimeoutMs)
  }

  /** Registers and applies. */
  register(attachment: Attachment, name: string): Reporter {
    attachment.register(encodeText(name, 255))
    this.drain.run()
    return this.reporter(attachment, name)
  }

  reporter(attachment: Attachment, name: string): Reporter {
    return new Reporter(name, attachment, new TextCache(this.region.layout.maxPayloadBytes))
  }

  /** The manager dies between two records, and another one takes over. */
  restart(): void {
    this.drain = new Drain(this.region)
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
