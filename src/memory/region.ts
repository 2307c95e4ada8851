// Creates the shared region, and opens it in other threads.
import { HealthError, show } from '../model/errors.js'
import {
  CONTROL_COPIES,
  CONTROL_TICKETS,
  HEAP_WORDS,
  JOURNAL_RECORDS,
  LAYOUT_MAGIC,
  LAYOUT_VERSION,
  type Layout,
  layoutFor,
  layoutOf,
  MAGIC,
  MAILBOX_WORDS,
  MAX_COMPONENTS,
  MAX_PAYLOAD_BYTES,
  MAX_SUPPRESSION_MS,
  MAX_THREADS,
  type RegionSizes,
  RUNTIME_ID,
  SWEPT_TICKET,
  TICKET_COUNTER,
  VERSION,
  WORD_BYTES,
  type Words,
} from './layout.js'

/** The shared words and where their sections begin. */
export interface Region {
  readonly words: Words
  readonly layout: Layout
}

/**
 * An empty region. Pages that nobody touches cost no memory. Tests pass a first ticket close to a wrap.
 * @throws HealthError `ERR_HEALTH_CAPACITY` if the memory can't be had.
 */
export function createRegion(
  sizes: RegionSizes & { readonly maxSuppressionMs?: number },
  firstTicket = 1,
): Region {
  const layout = layoutFor(sizes)
  const words = new Int32Array(allocate(layout.totalWords * WORD_BYTES, sizes))
  words[MAX_COMPONENTS] = layout.maxComponents
  words[MAX_THREADS] = layout.maxThreads
  words[MAILBOX_WORDS] = layout.mailboxWords
  words[JOURNAL_RECORDS] = layout.journalRecords
  words[HEAP_WORDS] = layout.heapWords
  words[MAX_PAYLOAD_BYTES] = layout.maxPayloadBytes
  const { maxSuppressionMs = Number.POSITIVE_INFINITY } = sizes
  words[MAX_SUPPRESSION_MS] = Number.isFinite(maxSuppressionMs) ? maxSuppressionMs : 0
  words.set(crypto.getRandomValues(new Int32Array(RUNTIME_ID_WORDS)), RUNTIME_ID)
  words[TICKET_COUNTER] = firstTicket
  words[SWEPT_TICKET] = firstTicket - 1
  for (const field of CONTROL_TICKETS) words[CONTROL_COPIES + field] = firstTicket - 1
  words[VERSION] = LAYOUT_VERSION
  words[MAGIC] = LAYOUT_MAGIC
  return { words, layout }
}

const RUNTIME_ID_WORDS = 2

/** 16 hexadecimal digits that no other runtime has, in this program's next life or anywhere else. */
export function runtimeIdOf({ words }: Region): string {
  const digits = (index: number) => (words[index]! >>> 0).toString(16).padStart(8, '0')
  return digits(RUNTIME_ID) + digits(RUNTIME_ID + 1)
}

function allocate(bytes: number, sizes: RegionSizes): SharedArrayBuffer {
  try {
    return new SharedArrayBuffer(bytes)
  } catch (error) {
    const { maxThreads, mailboxBytes, maxComponents, heapBytes, journalBytes } = sizes
    throw new HealthError(
      'ERR_HEALTH_CAPACITY',
      `the shared memory can't be allocated: maxThreads=${maxThreads} mailboxBytes=${mailboxBytes} maxComponents=${maxComponents} heapBytes=${heapBytes} journalBytes=${journalBytes}`,
      { cause: error },
    )
  }
}

/** @throws HealthError `ERR_HEALTH_LAYOUT` if the buffer is not a region of this layout version. */
export function openRegion(buffer: unknown): Region {
  if (!(buffer instanceof SharedArrayBuffer)) {
    throw new HealthError(
      'ERR_HEALTH_LAYOUT',
      `region=${show(buffer)}: must be a SharedArrayBuffer`,
    )
  }
  if (buffer.byteLength % WORD_BYTES !== 0) {
    throw new HealthError(
      'ERR_HEALTH_LAYOUT',
      `bytes=${buffer.byteLength}: must be a multiple of ${WORD_BYTES}`,
    )
  }
  const words = new Int32Array(buffer)
  const version = words[VERSION]
  if (words[MAGIC] !== LAYOUT_MAGIC || version !== LAYOUT_VERSION) {
    throw new HealthError(
      'ERR_HEALTH_LAYOUT',
      `layoutVersion=${version}: this build of health-actor reads version ${LAYOUT_VERSION}`,
    )
  }
  const layout = layoutOf(words)
  if (layout.totalWords !== words.length) {
    throw new HealthError(
      'ERR_HEALTH_LAYOUT',
      `words=${words.length}: expected ${layout.totalWords}`,
    )
  }
  return { words, layout }
}

/**
 * Stores a word that this thread alone writes, unless it holds the value already. An atomic store costs about
 * ten times a plain read, and most words of an update are the ones that were there before.
 */
export function put(words: Words, index: number, value: number): void {
  if (words[index] !== value) Atomics.store(words, index, value)
}
