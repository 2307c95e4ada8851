// Applies records that belong to no component: standby, suppressions, and who observes. Runs in the manager actor alone.
import {
  beganField,
  type ControlWriter,
  fromFloatWords,
  heldUntil,
  type SuppressionField,
  toFloatWords,
} from '../memory/control.js'
import { journalCount } from '../memory/journal.js'
import {
  CONTROL_OBSERVER_TICKET,
  CONTROL_STANDBY_TICKET,
  MAX_SUPPRESSION_MS,
  OBSERVER_LEFT,
  OBSERVER_NONE,
  SUPPRESSION_DEADLINE,
  SUPPRESSION_REASON,
  SUPPRESSION_TICKET,
  type Words,
} from '../memory/layout.js'
import type { MailboxReader } from '../memory/mailbox-reader.js'
import type { PayloadHeap } from '../memory/payload-heap.js'
import { msOfTick } from '../memory/ticks.js'
import type { Interner } from './interner.js'
import type { Outcome } from './outcome.js'

export class ControlRecords {
  readonly #words: Words
  readonly #control: ControlWriter
  readonly #interner: Interner
  readonly #heap: PayloadHeap

  constructor(words: Words, control: ControlWriter, interner: Interner, heap: PayloadHeap) {
    this.#words = words
    this.#control = control
    this.#interner = interner
    this.#heap = heap
  }

  standby({ slot, ticket }: MailboxReader): Outcome {
    if (ticket === this.#control.get(CONTROL_STANDBY_TICKET)) return 'applied'
    // A control record's flag is where others have the slot.
    return this.#control.setStandby(slot === 1, ticket) ? 'applied' : 'superseded'
  }

  /**
   * What is journaled from here on belongs to another observer, or to nobody. So the observers change in the order of the
   * tickets, as statuses do: an update that had returned before is told to the old one, one that begins after to the new one.
   */
  observe({ slot, generation, ticket }: MailboxReader): Outcome {
    const control = this.#control
    if (ticket === control.get(CONTROL_OBSERVER_TICKET)) return 'applied'
    // An observer's record has its kind where others have the slot, and where they have the generation the owner, or the term that is left.
    if (slot === OBSERVER_LEFT && generation !== control.termTicket) return 'superseded'
    const [kind, owner] = slot === OBSERVER_LEFT ? [OBSERVER_NONE, 0] : [slot, generation]
    const since = journalCount(this.#words)
    return control.beginTerm(kind, since, ticket, owner) ? 'applied' : 'superseded'
  }

  suppress(record: MailboxReader, field: SuppressionField): Outcome {
    if (record.ticket === this.#control.get(field + SUPPRESSION_TICKET)) return 'applied'
    const old = this.#control.get(field + SUPPRESSION_REASON)
    const reason = this.#interner.internText(record, old)
    // A control record's deadline is where others have slot and generation, its call's tick where they have a ticket.
    const { slot: low, generation: high, previousTicket: call, ticket } = record
    const asked = fromFloatWords(low, high)
    const began =
      asked !== 0 && !this.#goesOn(field, call) ? call : this.#control.get(beganField(field))
    const maxMs = this.#words[MAX_SUPPRESSION_MS]!
    // An hour that gets ten minutes is over after ten minutes: what comes then is a suppression of its own.
    const granted = heldUntil(asked, call, maxMs)
    const isCut = heldUntil(granted, began, maxMs) < asked
    const [grantedLow, grantedHigh] = toFloatWords(granted)
    const isApplied = this.#control.suppress(
      field,
      grantedLow,
      grantedHigh,
      reason,
      ticket,
      began,
      isCut,
    )
    this.#heap.release(isApplied ? old : reason)
    return isApplied ? 'applied' : 'superseded'
  }

  /**
   * Whether a call comes in the time that the one before it had asked for: then both are one suppression, also where that
   * has been cut short meanwhile. So whoever keeps asking gets no more until he has paused or cleared it.
   */
  #goesOn(field: SuppressionField, call: number): boolean {
    const low = this.#control.get(field + SUPPRESSION_DEADLINE)
    const high = this.#control.get(field + SUPPRESSION_DEADLINE + 1)
    const asked = fromFloatWords(low, high)
    return asked !== 0 && asked > msOfTick(call)
  }
}
