// Transitions as server-sent events, in pieces that fit what a socket takes at once. Streams that are equally far get the
// same piece, so each transition is read and written out once for all of them. Probe actor's thread.
import { JournalReader, journalCount } from '../memory/journal.js'
import type { Region } from '../memory/region.js'
import type { Gap, Transition } from '../model/transition.js'
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
  readonly #region: Region
  readonly #journal: JournalReader
  /** By the number that they begin with, the oldest first. */
  readonly #kept = new Map<number, EventPage>()

  constructor(region: Region) {
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
      text += eventOf(entry, journal.nextNumber - 1)
    }
    return text === '' ? undefined : { bytes: Buffer.from(text), next: journal.nextNumber }
  }
}

/** A gap has the number of the last transition that it stands for: who resumes behind it is not told of it again. */
function eventOf(entry: Transition | Gap, number: number): string {
  const name = 'missed' in entry ? 'gap' : 'transition'
  return `id: ${number}\nevent: ${name}\ndata: ${transitionJson(entry)}\n\n`
}
