// Takes back what a thread that died in the middle of a deregistration has left: the mark that one was begun. As long as it
// is there, each update of the component waits for all that was published before it. Runs in the manager actor alone.
import { doubted, isDoubted, isEndingOf } from '../memory/ending.js'
import { MAILBOX_ENDING, MAILBOX_HIGH_WATER, type Words } from '../memory/layout.js'
import { mailboxHeader } from '../memory/mailbox.js'
import { MailboxReader } from '../memory/mailbox-reader.js'
import type { Region } from '../memory/region.js'
import { generationOf, isRegistered, SlotMap } from '../memory/slot-latch.js'

export class Endings {
  readonly #region: Region
  readonly #words: Words
  readonly #map: SlotMap

  constructor(region: Region) {
    this.#region = region
    this.#words = region.words
    this.#map = new SlotMap(region)
  }

  /**
   * For a mailbox that is abandoned and drained. False if it must wait until other mailboxes are drained, too.
   *
   * The mark stays if anybody else may rely on it. It is doubted first. Who begins a deregistration of this registration
   * after that raises it anew, and the last exchange fails. Who had begun before has named the slot in its mailbox before
   * it looked at the mark, and still names it, then the rest is up to it, or, if it dies, to the end of its mailbox; or it
   * has published since, then its mailbox is not drained at the second look.
   */
  tryClear(header: number): boolean {
    const words = this.#words
    const named = Atomics.load(words, header + MAILBOX_ENDING)
    if (named === 0) return true
    if (this.#isOver(named - 1) || this.#isOthers(named, header)) {
      Atomics.store(words, header + MAILBOX_ENDING, 0)
      return true
    }
    if (!this.#areDrained()) return false
    const index = this.#map.ending(named - 1)
    const word = Atomics.load(words, index)
    // Pairs with Attachment.#raiseEnding.
    if (isDoubted(word)) Atomics.compareExchange(words, index, word, 0)
    Atomics.store(words, header + MAILBOX_ENDING, 0)
    return true
  }

  /** Whether the slot's registration is none that is marked; if it is, the mark is doubted from here on. */
  #isOver(slot: number): boolean {
    const index = this.#map.ending(slot)
    const word = Atomics.load(this.#words, index)
    const statusWord = this.#map.statusWord(slot)
    if (!isRegistered(statusWord) || !isEndingOf(word, generationOf(statusWord))) return true
    // Pairs with Attachment.#raiseEnding. Producers take a doubted mark for a mark, but who deregisters makes it firm.
    if (!isDoubted(word)) Atomics.compareExchange(this.#words, index, word, doubted(word))
    return false
  }

  #isOthers(named: number, header: number): boolean {
    const count = Atomics.load(this.#words, MAILBOX_HIGH_WATER)
    for (let i = 0; i < count; i++) {
      const other = mailboxHeader(this.#region, i)
      // Pairs with Attachment.deregister, which stores the word before it looks at the mark.
      if (other !== header && Atomics.load(this.#words, other + MAILBOX_ENDING) === named)
        return true
    }
    return false
  }

  #areDrained(): boolean {
    const count = Atomics.load(this.#words, MAILBOX_HIGH_WATER)
    for (let i = 0; i < count; i++) {
      const mailbox = new MailboxReader(this.#region, i)
      if (mailbox.loadTail() !== mailbox.head) return false
    }
    return true
  }
}
