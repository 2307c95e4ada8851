// The only file with offsets. Everything that threads share lies in one SharedArrayBuffer, the region, seen as
// 32-bit words. One writer per word, except the words marked RMW, which any thread changes by one atomic
// read-modify-write. Words of the manager and words of other threads lie at least a line (128 bytes) apart:
// adjacent-line prefetchers pull 64-byte lines in pairs.
//
//   region
//   +---------------+-----------+-------------+-----------+------------+-----------+---------+----------------+
//   | control block | mailbox   | breadcrumbs | sequences | slots      | directory | journal | payload heap   |
//   | 16 lines      | headers,  | 1 line a    | 1 word a  | 64 words a | 2 copies  | 16 w a  | blocks of      |
//   |               | rings     | mailbox     | slot      | slot       |           | record  | 8 x 2^k words  |
//   +---------------+-----------+-------------+-----------+------------+-----------+---------+----------------+
//
// All counters and positions are free-running and wrap at 2^32; compare them only with `isAfter`.

import { MAX_NAME_BYTES } from '../model/arguments.js'

/** Raised with every change of this file that another build could misread; checked by every attacher. */
export const LAYOUT_VERSION = 5
/** "HLTH"; tells a region of ours from any other buffer. */
export const LAYOUT_MAGIC = 0x48544c48

export const WORD_BYTES = 4
/** Two 64-byte cache lines. */
export const LINE_WORDS = 32

export type Words = Int32Array<SharedArrayBuffer>

/** Serial-number comparison: `a` was counted after `b`. Right while they are less than 2^31 apart. */
export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}

// --- Control block ------------------------------------------------------------------------------------------
//
//   word 0         32        64         96        128        160       192         224       256
//   +-----------+---------+----------+---------+----------+---------+-----------+---------+---------
//   | constants | ticket  | doorbell | parked  | table    | waiters | attached, | journal | counters ...
//   | version.. | counter |          |         | sequence |         | phase     | tail    |
//   +-----------+---------+----------+---------+----------+---------+-----------+---------+---------
//     creator     producers producers  manager   manager    readers   attachers   manager   manager

/** Words written once, before the region is shared. */
export const MAGIC = 0
export const VERSION = 1
export const MAX_COMPONENTS = 2
export const MAX_THREADS = 3
export const MAILBOX_WORDS = 4
export const JOURNAL_RECORDS = 5
export const HEAP_WORDS = 6
export const MAX_PAYLOAD_BYTES = 7
/** How long a suppression may last at most, in ms; 0 = for ever. */
export const MAX_SUPPRESSION_MS = 8
/** Two random words, by which what was numbered in one runtime is told apart from what was numbered in another. */
export const RUNTIME_ID = 9

/** RMW by producers: the next ticket to draw. */
export const TICKET_COUNTER = 1 * LINE_WORDS
/** RMW by whoever finds the manager parked; the manager waits on it. */
export const DOORBELL = 2 * LINE_WORDS
/** Manager: 0 while it works, else the number of its current park (never 0). */
export const PARKED = 3 * LINE_WORDS
/** Manager: odd while a batch is being applied, even at rest. Readers compare it before and after a snapshot. */
export const TABLE_SEQUENCE = 4 * LINE_WORDS
/** RMW by the manager: moved after a batch for which somebody waited; readers wait on it. */
export const APPLIED_SEQUENCE = 4 * LINE_WORDS + 1
/** Manager: moved by each beat of its loop, work or not. */
export const MANAGER_BEAT = 4 * LINE_WORDS + 2
/** RMW by readers: each adds 1 before it waits on APPLIED_SEQUENCE. */
export const APPLY_WAITERS = 5 * LINE_WORDS
/** RMW by readers: snapshots asked for and done. The manager pauses between two records while they differ. */
export const SNAPSHOT_REQUESTS = 5 * LINE_WORDS + 1
export const SNAPSHOT_DONES = 5 * LINE_WORDS + 2
/** RMW by readers: reads answered with the last applied state because the manager was late. */
export const STALE_READS = 5 * LINE_WORDS + 3
/** RMW by readers: gaps that readers of the journal were told of, whatever each of them had missed. */
export const JOURNAL_GAPS = 5 * LINE_WORDS + 4
/** RMW by attachers: mailboxes [0, this) may be in use. */
export const MAILBOX_HIGH_WATER = 6 * LINE_WORDS
/** Supervisor: PHASE_RUNNING, then PHASE_STOPPING, then PHASE_STOPPED. */
export const PHASE = 6 * LINE_WORDS + 1
export const PHASE_RUNNING = 0
export const PHASE_STOPPING = 1
export const PHASE_STOPPED = 2
/** Supervisor: the tick of the stop, stored before PHASE leaves PHASE_RUNNING; says nothing until then. */
export const STOP_TICK = 6 * LINE_WORDS + 2
/** Manager: transitions journaled, low word; published after the record it counts. */
export const JOURNAL_TAIL = 7 * LINE_WORDS
/** Manager: the high word, written before (FIRST) and after (SECOND) the low word wraps. */
export const JOURNAL_TAIL_HIGH_FIRST = 7 * LINE_WORDS + 1
export const JOURNAL_TAIL_HIGH_SECOND = 7 * LINE_WORDS + 2
/** Manager: position of the oldest record that may be read; moved before that record is overwritten. */
export const JOURNAL_OLDEST = 7 * LINE_WORDS + 3
/** Manager: low bit names the directory copy in use; moved when a rebuilt copy takes over. */
export const DIRECTORY_VERSION = 8 * LINE_WORDS
/** Manager: slots [0, this) may be registered. */
export const SLOT_HIGH_WATER = 8 * LINE_WORDS + 1
/** Manager: counters for stats. */
export const COMPONENT_COUNT = 8 * LINE_WORDS + 2
export const APPLIED_COUNT = 8 * LINE_WORDS + 3
export const IGNORED_COUNT = 8 * LINE_WORDS + 4
export const SUPERSEDED_COUNT = 8 * LINE_WORDS + 5
export const CUT_COUNT = 8 * LINE_WORDS + 6
export const HEAP_USED_BYTES = 8 * LINE_WORDS + 7
/** Manager: the ticket up to which idle slots were last swept forward. */
export const SWEPT_TICKET = 8 * LINE_WORDS + 8
/**
 * Manager: 1 once readiness has passed, by the components or in standby, whatever was suppressed, for as long as the
 * region lives. Set before the head of the record that it passed with moves.
 */
export const READINESS_SEEN = 8 * LINE_WORDS + 9
/** Manager: sequence of the control latch; its low bit names the copy in use. */
export const CONTROL_SEQUENCE = 9 * LINE_WORDS
/** Manager: the two copies of the control latch. */
export const CONTROL_COPIES = 9 * LINE_WORDS + 1
export const CONTROL_COPY_WORDS = 15
/** Supervisor: how the manager is, and how often it was restarted. */
export const MANAGER_STATE = 10 * LINE_WORDS
export const MANAGER_RUNNING = 0
export const MANAGER_RESTARTING = 1
export const MANAGER_FAILED = 2
export const MANAGER_STOPPED = 3
export const MANAGER_RESTARTS = 10 * LINE_WORDS + 1
/** Manager: a ring of the last terms of observers; each is written before the control latch counts it. Two lines. */
export const OBSERVER_TERMS = 11 * LINE_WORDS
export const OBSERVER_TERM_WORDS = 8
/** A power of two. All but one can be read: the oldest may be about to be overwritten. */
export const OBSERVER_TERM_COUNT = 8
/** RMW by observers: transitions done with; of these, those that failed or took too long. */
export const OBSERVER_DELIVERED = 15 * LINE_WORDS
export const OBSERVER_ERRORS = 15 * LINE_WORDS + 1
export const OBSERVER_TIMEOUTS = 15 * LINE_WORDS + 2
/** RMW by observers: gaps, and the transitions in them. */
export const OBSERVER_GAPS = 15 * LINE_WORDS + 3
export const OBSERVER_MISSED = 15 * LINE_WORDS + 4
/** RMW by hosts of queue workers: how often one was started again. */
export const OBSERVER_RESTARTS = 15 * LINE_WORDS + 5
/** The current observer: number, modulo 2^32, of the last transition up to which it is done. The stop waits on it. */
export const OBSERVER_CURSOR = 15 * LINE_WORDS + 6
/**
 * RMW by watchers: the last tick at which one of them ran, moved only behind the record of a suspension that it ends; readers
 * wait on it.
 */
export const WATCHED_TICK = 14 * LINE_WORDS
/** RMW by watchers: suspensions begun to be recorded. */
export const SUSPENSION_COUNT = 14 * LINE_WORDS + 1
/** Watchers: the last suspensions, from and to which tick each. */
export const SUSPENSIONS = 14 * LINE_WORDS + 2
export const MAX_SUSPENSIONS = 8
export const SUSPENSION_WORDS = 2
export const SUSPENSION_FROM = 0
/** 0 while the record is being written. */
export const SUSPENSION_TO = 1

const CONTROL_WORDS = 16 * LINE_WORDS

/**
 * Fields of one copy of the control latch. Deadlines are Float64 bits in two words, 0 = none; those of suppressions are as
 * they were asked for, and readers shorten them to MAX_SUPPRESSION_MS from its beginning.
 */
export const CONTROL_STANDBY = 0
export const CONTROL_STANDBY_TICKET = 1
/** A suppression: deadline low, deadline high, ticket, reason block. */
export const CONTROL_LIVENESS = 2
export const CONTROL_READINESS = 6
export const SUPPRESSION_DEADLINE = 0
export const SUPPRESSION_TICKET = 2
export const SUPPRESSION_REASON = 3
/** The current term of observers: its number, and the ticket of the last record about observers. */
export const CONTROL_OBSERVER_TERM = 10
export const CONTROL_OBSERVER_TICKET = 11
/**
 * When the suppression began, in ticks (see ticks.ts), while there is one: it goes on as long as each call comes in the time
 * asked for by the one before.
 */
export const CONTROL_LIVENESS_BEGAN = 12
export const CONTROL_READINESS_BEGAN = 13
/** How many calls asked for more than they got. */
export const CONTROL_CUTS = 14
/** The tickets of the last applied records, one a control word. */
export const CONTROL_TICKETS = [
  CONTROL_STANDBY_TICKET,
  CONTROL_LIVENESS + SUPPRESSION_TICKET,
  CONTROL_READINESS + SUPPRESSION_TICKET,
  CONTROL_OBSERVER_TICKET,
] as const

// A term: an observer, or nobody, is told of the transitions after `since`, up to the `since` of the next term.
//
//   0 ticket of the record that began it | 1 kind and mailbox | 2-3 transitions journaled before it (Float64 bits)
//   | 4 what MAILBOX_OWNER held when the observer was set

export const TERM_TICKET = 0
export const TERM_KIND = 1
export const TERM_SINCE = 2
export const TERM_OWNER = 4
export const OBSERVER_NONE = 0
export const OBSERVER_FUNCTION = 1
export const OBSERVER_WORKER = 2
/** In a record only: nobody, if the term that the record names is the current one. */
export const OBSERVER_LEFT = 3

// --- Mailbox header: three lines ----------------------------------------------------------------------------
//
//   word 0                                 32                                 64
//   +------+--------------------------+--+------+----------+---------+---+--+-------+---------------
//   | tail | waits, refusals, ignored |  | head | room     | refused |   |  | owner | waiting for
//   |  RMW | cuts, ending             |  |      | sequence | ticket  |   |  |  RMW  | room
//   +------+--------------------------+--+------+----------+---------+---+--+-------+---------------
//     producer                               manager                           attacher, then manager

export const MAILBOX_HEADER_WORDS = 3 * LINE_WORDS
/** RMW by the producer, and by the manager that sets CLOSED_BIT: words ever published. Record lengths leave the low bits 0. */
export const MAILBOX_TAIL = 0
/** Lowest bit of the tail: set by the manager at the stop; the tail never moves after it. */
export const CLOSED_BIT = 1
export const MAILBOX_WAITS = 1
export const MAILBOX_REFUSALS = 2
export const MAILBOX_IGNORED = 3
export const MAILBOX_CUTS = 4
/** Producer, and the manager once it is abandoned: slot + 1 of the component that the thread is deregistering, else 0. */
export const MAILBOX_ENDING = 5
/** Manager: words ever consumed, moved after every record. */
export const MAILBOX_HEAD = LINE_WORDS
/** RMW by the manager: moved when there is room again; the producer waits on it. */
export const MAILBOX_ROOM_SEQUENCE = LINE_WORDS + 1
/** Manager: ticket of the last register record refused for want of room. */
export const MAILBOX_REFUSED_TICKET = LINE_WORDS + 2
/** Manager: how many register records were refused (tells a first refusal from the initial 0). */
export const MAILBOX_REFUSED_COUNT = LINE_WORDS + 3
/**
 * RMW: FREE -> thread id + 1 by the attacher; that -> ABANDONED by it or its adopter; ABANDONED -> FREE by the
 * manager, when the mailbox is drained.
 */
export const MAILBOX_OWNER = 2 * LINE_WORDS
export const MAILBOX_FREE = 0
export const MAILBOX_ABANDONED = -1
/**
 * Producer: 1 while it waits for room; the manager clears it for a thread that is gone. Beside the owner, as both are
 * written rarely: the manager looks at it after every batch, and must not pull the tail's line from the producer.
 */
export const MAILBOX_ROOM_WAITING = 2 * LINE_WORDS + 1

// --- Mailbox record -----------------------------------------------------------------------------------------
//
//   word 0        1            2      3            4         5         6          7 ...            length - 1
//   +--------+--------------+------+------------+----------+---------+----------+---------+-----+--------+
//   | length | kind, status | slot | generation | previous | text    | metadata | payload | pad | ticket |
//   | x 8    | and hashes   |      |            | ticket   | header  | header   | words   | 0-7 |        |
//   +--------+--------------+------+------------+----------+---------+----------+---------+-----+--------+
//
// Control records reuse words 2 and 3 for a deadline (Float64 bits), a flag, or an observer, and word 4 for the
// tick of the call. The ticket is the last word, so that the word before a mailbox's tail is always the last ticket
// that its producer has shown. Lengths are multiples of 8 words, so that of a record only the payload ever wraps
// around the end of the ring.
//
//   word 1, from the low end:  kind (8 bits) | status (2) | text's hash (10) | metadata's hash (10)

/** Word 0 is the length. */
export const RECORD_KIND = 1
export const RECORD_SLOT = 2
export const RECORD_GENERATION = 3
export const RECORD_PREVIOUS_TICKET = 4
export const RECORD_TEXT = 5
export const RECORD_METADATA = 6
export const RECORD_HEADER_WORDS = 7

export const KIND_UPDATE = 1
export const KIND_REGISTER = 2
export const KIND_DEREGISTER = 3
export const KIND_STANDBY = 4
export const KIND_SUPPRESS_LIVENESS = 5
export const KIND_SUPPRESS_READINESS = 6
/** Words 2 and 3: kind of observer and mailbox, owner of that mailbox; or OBSERVER_LEFT and the ticket of the term that is left. */
export const KIND_OBSERVER = 7
export const KIND_MASK = 0xff
export const STATUS_SHIFT = 8
/** Hashes of the contents, made once by the producer that repeats them: where the manager looks for blocks to share. */
export const TEXT_HASH_SHIFT = 10
export const METADATA_HASH_SHIFT = 20
export const HASH_MASK = 0x3ff
/** Records are padded to multiples of this. */
export const RECORD_ALIGN_WORDS = 8
/** Metadata header of an update that keeps the component's metadata. */
export const METADATA_KEPT = -1

// --- Breadcrumb: what a mailbox's thread is at ---------------------------------------------------------------
//
//   word 0          1        2                     16                   32
//   +----------+----------+----------+-----------+--------------------+
//   | sequence | length   | begun at | -         | text               |
//   +----------+----------+----------+-----------+--------------------+
//     all of them: the owner of the mailbox
//
//   sequence:  odd while the text is being written, so that no reader takes half of it for a text
//   length:    bytes of UTF-8 in the text; 0 = none
//   begun at:  ticks (see ticks.ts)

export const BREADCRUMB_WORDS = LINE_WORDS
export const BREADCRUMB_SEQUENCE = 0
export const BREADCRUMB_LENGTH = 1
export const BREADCRUMB_BEGUN = 2
export const BREADCRUMB_TEXT = 16
export const MAX_BREADCRUMB_BYTES = (BREADCRUMB_WORDS - BREADCRUMB_TEXT) * WORD_BYTES

// --- Slot: a latch of two copies, and a line for producers --------------------------------------------------
//
//   sequences[slot] = s: copy s & 1 is valid, the other one may be half written
//
//   word 0           12            16               28            32                              36
//   +----------------+---------+---+----------------+-------------+---------------+------+--------+---+---------
//   | copy 0         | options | - | copy 1         | transitions | latest ticket | beat | ending | - | progress
//   +----------------+---------+---+----------------+-------------+---------------+------+--------+---+---------
//     manager                                                       producers (RMW), reporters, producers (RMW), reporters
//
//   a copy:       0 status word | 1 ticket | 2 name | 3 message | 4 metadata | 5-6 updated at | 7-8 since | 9 metadata ticket
//                 and, only where the options damp verdicts: 10 tick at which the streak began | 11 streak, see streak.ts
//   transitions:  those to each status since the registration, by status
//   options:      heap reference of the registration's rules, 0 = none; see rules-block.ts
//
// The transitions are beside the copies: in them a count would have to be written twice, as the copy to write is always two
// changes behind. So whether the last one was counted is asked of the journal; see JOURNAL_STATUSES.
//
// Two statuses. What was reported is in the slot as it was reported. What is shown is the worse of that and of the overlay, what
// silence makes of the component, which every reader works out by itself from the rules, the beat and its clock. Which of the
// statuses that were shown is the last that was journaled, the status word says as well: the *told* status, from which the
// next transition starts.

export const SLOT_WORDS = 2 * LINE_WORDS
export const SLOT_COPY_WORDS = 16
/**
 * Manager: written before the commit of a registration, changed after that of its deregistration. So who finds the slot's
 * sequence unmoved around a look at it, with the slot registered, has seen the rules of that registration.
 */
export const SLOT_OPTIONS = 12
/** Manager: raised between a transition's journal record and its commit; 0 again from the next registration on. */
export const SLOT_TRANSITIONS = 28
export const STATUS_COUNT = 4
export const SLOT_LATEST_TICKET = LINE_WORDS
/**
 * The last sign of life, in ticks (see ticks.ts): stored by whoever reports a component that has rules, with each update and
 * beat, and by the manager before the commit of the registration. The last store counts, also of a thread that was held up
 * between its look at the clock and the store: its next beat mends that.
 */
export const SLOT_BEAT = LINE_WORDS + 1
/**
 * RMW by producers, and by the manager that takes it back: of the latest registration whose deregistration was begun, see
 * ending.ts. Pairs with raiseLatest, which comes after it.
 */
export const SLOT_ENDING = LINE_WORDS + 2
/**
 * The thread that reports the component's progress, and the manager before the commit of a registration: its counts of input and
 * output so far (their low words; only differences count), that of input at the last output, and since which tick input waits
 * for output, 0 = none does.
 */
export const SLOT_PROGRESS = LINE_WORDS + 4
export const PROGRESS_IN = 0
export const PROGRESS_OUT = 1
export const PROGRESS_IN_AT_OUTPUT = 2
export const PROGRESS_PENDING_SINCE = 3
export const PROGRESS_WORDS = 4

/** reported status (2 bits), REGISTERED, told status (2 bits), generation from GENERATION_SHIFT up */
export const COPY_STATUS = 0
export const COPY_TICKET = 1
/** Heap references: word offsets in the region, 0 = empty. */
export const COPY_NAME = 2
export const COPY_MESSAGE = 3
export const COPY_METADATA = 4
/** Epoch ms, low word, then high word. */
export const COPY_UPDATED_AT = 5
export const COPY_SINCE = 7
/** Ticket of the last update that gave metadata: one that arrives late still gives its own if it is after this. */
export const COPY_METADATA_TICKET = 9
export const COPY_FIELDS = 10
/** Of a component with rules. */
export const COPY_STREAK_BEGAN = 10
export const COPY_STREAK = 11
export const COPY_RULED_FIELDS = 12

export const STATUS_MASK = 3
export const REGISTERED = 4
export const TOLD_SHIFT = 3
export const GENERATION_SHIFT = 5

// --- Directory: open addressing, linear probing, two copies -------------------------------------------------
// A bucket holds 0 (never used), TOMBSTONE, or a slot index + 1.

export const TOMBSTONE = -1

// --- Journal record -----------------------------------------------------------------------------------------
//
//   0 slot | 1 generation | 2 statuses and flags | 3 ticket | 4 name | 5 message | 6 metadata | 7-8 at | 9 ticket of the
//   term of observers that it belongs to
//
//   word 2, from the low end:  old status (8 bits) | new status (8) | metadata was given (1) | the slot's count of
//   transitions to the new status is odd with this one (1) | overlay: nobody reported it (1)
//
// A transition is one of told statuses. One that was reported makes the reported status the told one, and has the ticket and
// the texts of its update. One of an overlay, or of its end, leaves the reported status and its texts as they are; it has the
// ticket that the slot had, as it must not get ahead of an update that was drawn before it and arrives later.

export const JOURNAL_RECORD_WORDS = 16
export const JOURNAL_SLOT = 0
export const JOURNAL_GENERATION = 1
export const JOURNAL_STATUSES = 2
export const JOURNAL_TICKET = 3
export const JOURNAL_NAME = 4
export const JOURNAL_MESSAGE = 5
export const JOURNAL_METADATA = 6
export const JOURNAL_AT = 7
export const JOURNAL_OBSERVER = 9
export const JOURNAL_FIELDS = 10

// --- Payload block ------------------------------------------------------------------------------------------
//
//   0 header (byte length, encoding) | 1 stamp | 2 ... content
//
// The stamp is new with every allocation, so a reader can tell a block that it has decoded from its successor
// at the same place.

export const GRANULE_WORDS = 8
export const BLOCK_HEADER = 0
export const BLOCK_STAMP = 1
export const BLOCK_CONTENT = 2
/** A header: byte length in the low 24 bits, encoding above. */
export const LENGTH_MASK = 0xffffff
export const ENCODING_SHIFT = 24

/** The largest content of a block, in words: a message, metadata or a name. */
export function maxBlockWords(layout: Layout): number {
  return (Math.max(layout.maxPayloadBytes, MAX_NAME_BYTES) + 3) >> 2
}

/** What sizes a region; fixed for its life. */
export interface RegionSizes {
  readonly maxComponents: number
  readonly maxThreads: number
  readonly mailboxBytes: number
  readonly journalBytes: number
  readonly heapBytes: number
  readonly maxPayloadBytes: number
}

/** Where each section begins, in words. */
export interface Layout {
  readonly maxComponents: number
  readonly maxThreads: number
  readonly mailboxWords: number
  readonly journalRecords: number
  readonly heapWords: number
  readonly maxPayloadBytes: number
  readonly directoryBuckets: number
  readonly mailboxes: number
  readonly rings: number
  readonly breadcrumbs: number
  readonly sequences: number
  readonly slots: number
  readonly directory: number
  readonly journal: number
  readonly heap: number
  readonly totalWords: number
}

type ConstantWords = Pick<
  Layout,
  | 'maxComponents'
  | 'maxThreads'
  | 'mailboxWords'
  | 'journalRecords'
  | 'heapWords'
  | 'maxPayloadBytes'
>

function sectionsOf(constants: ConstantWords): Layout {
  const { maxComponents, maxThreads, mailboxWords, journalRecords, heapWords } = constants
  const toLine = (words: number) => (words + LINE_WORDS - 1) & -LINE_WORDS
  // At most half of the buckets are in use, so probe sequences stay short.
  const directoryBuckets = 1 << (32 - Math.clz32(maxComponents * 2 + 1))
  const mailboxes = CONTROL_WORDS
  const rings = mailboxes + maxThreads * MAILBOX_HEADER_WORDS
  const breadcrumbs = rings + maxThreads * mailboxWords
  const sequences = breadcrumbs + maxThreads * BREADCRUMB_WORDS
  const slots = sequences + toLine(maxComponents)
  const directory = slots + maxComponents * SLOT_WORDS
  const journal = directory + toLine(2 * directoryBuckets)
  const heap = journal + toLine(journalRecords * JOURNAL_RECORD_WORDS)
  const totalWords = heap + heapWords
  return {
    ...constants,
    directoryBuckets,
    mailboxes,
    rings,
    breadcrumbs,
    sequences,
    slots,
    directory,
    journal,
    heap,
    totalWords,
  }
}

export function layoutFor(sizes: RegionSizes): Layout {
  return sectionsOf({
    maxComponents: sizes.maxComponents,
    maxThreads: sizes.maxThreads,
    mailboxWords: sizes.mailboxBytes >> 2,
    journalRecords: sizes.journalBytes >> 6,
    heapWords: (sizes.heapBytes >> 2) & -GRANULE_WORDS,
    maxPayloadBytes: sizes.maxPayloadBytes,
  })
}

/** The layout of a region that its creator has set up, from its constant words. */
export function layoutOf(words: Words): Layout {
  return sectionsOf({
    maxComponents: words[MAX_COMPONENTS]!,
    maxThreads: words[MAX_THREADS]!,
    mailboxWords: words[MAILBOX_WORDS]!,
    journalRecords: words[JOURNAL_RECORDS]!,
    heapWords: words[HEAP_WORDS]!,
    maxPayloadBytes: words[MAX_PAYLOAD_BYTES]!,
  })
}
