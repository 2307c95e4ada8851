// Transitions as server-sent events, in pieces that fit what a socket takes at once. Streams that are equally far get the
// same piece, so each transition is read and written out once for all of them. Probe actor's thread.
import { journalCount } from '../memory/journal.js'
import { JournalReader } from '../memory/journal-reader.js'
import { type Region, runtimeIdOf } from '../memory/region.js'
import { transitionJson } from '../model/transition-json.js'

/** Some transitions in a row. */
export interface EventPage {
  readonly bytes: Uint8Array
  /** Number of the first transition behind it. */
  readonly next: number
}

/** A page is complete with the event that reaches this; one event may have a hundred times as much. */
const PAGE_BYTES = 12 * 1024
/** Pages that are kept for other streams. */
const KEPT_PAGES = 8

export class EventPages {
  /** What each id begins with, as numbers begin anew with the program. */
  readonly runtimeId: string
  readonly #region: Region
  readonly #journal: JournalReader
  /** By the number that they begin with, the oldest first. */
  readonly #kept = new Map<number, EventPage>()

  constructor(region: Region) {
    this.runtimeId = runtimeIdOf(region)
    this.#region = region
    this.#journal = new JournalReader(region, 'now')
  }

  /** Number of the transition that will be journaled next. */
  get nextNumber(): number {
    return journalCount(this.#region.words) + 1
  }

  /** Number of the oldest transition that is kept. */
  get oldestNumber(): number {
    return new JournalReader(this.#region, 'oldest').nextNumber
  }

  /** For who comes from another runtime: the gap between that and the first transition of this one, of unknown size. */
  get changeOfRuntime(): Uint8Array {
    return Buffer.from(this.#event('gap', 0, '{"missed":null}'))
  }

  /** What there is from this number on; undefined if there is nothing yet. */
  from(number: number): EventPage | undefined {
    // What it holds is true for good, also if there is more by now, or the journal has lost it.
    const known = this.#kept.get(number)
    if (known !== undefined) return known
    const page = this.#read(number)
    if (page === undefined) return undefined
    if (this.#kept.size >= KEPT_PAGES) {
      for (const oldest of this.#kept.keys()) {
        this.#kept.delete(oldest)
        break
      }
    }
    this.#kept.set(number, page)
    return page
  }

  #read(number: number): EventPage | undefined {
    const journal = this.#journal
    journal.seek(number)
    let text = ''
    while (text.length < PAGE_BYTES) {
      const entry = journal.next()
      if (entry === undefined) break
      // A gap has the number of the last transition that it stands for: who resumes behind it is not told of it again.
      const number = journal.nextNumber - 1
      text += this.#event('missed' in entry ? 'gap' : 'transition', number, transitionJson(entry))
    }
    return text === '' ? undefined : { bytes: Buffer.from(text), next: journal.nextNumber }
  }

  #event(name: 'gap' | 'transition', number: number, json: string): string {
    return `id: ${this.runtimeId}-${number}\nevent: ${name}\ndata: ${json}\n\n`
  }
}
