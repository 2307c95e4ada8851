// The mailbox of one attached thread: a single-producer single-consumer ring of records, written by mailbox-writer.ts and
// read by mailbox-reader.ts. Payload words are plain reads and writes: the producer's stores happen before its tail
// moves, the manager reads only below a tail that it has loaded, and the producer reuses words only after it has loaded
// a head beyond them. So no word is ever accessed by both at a time.
import { MAILBOX_HEADER_WORDS, MAILBOX_OWNER } from './layout.js'
import type { Region } from './region.js'

/** First word of a mailbox's header. */
export function mailboxHeader(region: Region, index: number): number {
  return region.layout.mailboxes + index * MAILBOX_HEADER_WORDS
}

/** First word of a mailbox's ring. */
export function ringBase(region: Region, index: number): number {
  return region.layout.rings + index * region.layout.mailboxWords
}

/** A thread, as others that wrote it down know it: its mailbox, and what the owner word held then. */
export interface MailboxTenant {
  readonly mailbox: number
  readonly owner: number
}

/**
 * Whether the thread still has its mailbox, which may be another one's by now. Known of a thread that was terminated if it was
 * adopted.
 */
export function isThreadAttached(region: Region, { mailbox, owner }: MailboxTenant): boolean {
  return Atomics.load(region.words, mailboxHeader(region, mailbox) + MAILBOX_OWNER) === owner
}
