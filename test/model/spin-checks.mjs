// What run-spin.mjs checks. Each rule of the protocol is switched off in turn: then the check must fail, and with
// the property named here, or the model would not show that the rule is needed.

const LINEARIZABLE = /ways\[/
const CHAIN = /chainEnd\[/
const SUPERSEDED_ALONE = /alone/
const STUCK = /finished==/
const NOT_ALL_APPLIED = /\.head==/
/** Who keeps metadata waits for an update that never comes. */
const WAITS_FOREVER = /\.tail==/
const TORN = /\(v==p\)/
const NOT_ATOMIC = /seen\[0\]/
const UNBOUNDED = /failed<=/
const READER_STUCK = /readersDone/
const GOES_BACK = /wordTicket/
const JOURNAL_RECORD = /cursor/

/**
 * @typedef {object} Check
 * @property {string} model file name without its ending
 * @property {string[]} flags macros of the model
 * @property {RegExp} [broken] the violated property, if the check must fail; undefined if everything must hold
 * @property {boolean} [cycles] look for endless runs instead of bad states
 * @property {boolean} [deep] the violation is some million states away
 * @property {string} [note]
 */

/** @returns {Check} */
function holds(model, flags = '', more = {}) {
  return { model, flags: flags.split(' ').filter(Boolean), ...more }
}

/** @returns {Check} */
function breaks(model, flags, broken, more = {}) {
  return { ...holds(model, flags, more), broken }
}

/** The long ones first, so that two at a time end together. */
export const checks = [
  holds('registration'),
  holds('registration', 'READS=0 CRASHES=1'),
  holds('registration', 'BOTH SCRIPT OPS0=3'),
  holds('registration', 'BOTH SCRIPT THIRD'),
  holds('registration', 'BOTH SCRIPT RIVAL'),
  holds('registration', 'READS=0 RIVAL'),
  holds('snapshot', 'STALE RECORDS=3'),
  holds('ordering', 'OPS1=2'),
  holds('ordering', 'METADATA'),
  holds('ordering', 'METADATA KILLS=1 CRASHES=0'),
  holds('ordering', 'SLOTS=2 KILLS=1'),
  holds('mailbox', 'STOP CRASHES=1'),
  holds('mailbox', 'STOP READS=1 OPS0=1'),
  holds('mailbox', 'READS=1 CRASHES=1 OPS0=1'),
  holds('mailbox', 'CRASHES=1'),
  holds('mailbox', 'KILLS=1'),
  holds('snapshot', 'LATE=1'),
  holds('snapshot', 'KILLS=1'),
  holds('snapshot', 'READS=2 CRASHES=0'),
  holds('snapshot', 'READERS=2 CRASHES=0 RECORDS=3'),
  holds('control'),
  holds('ordering', 'KILLS=1'),
  holds('ordering', 'READS=2'),
  holds('ordering', 'METADATA IMPATIENT READS=0', {
    note: 'the final state is right even if a live producer is given up',
  }),
  holds('ordering', 'ENDLESS_CRASHES', {
    cycles: true,
    note: 'managers that are killed over and over get through',
  }),
  holds('journal', 'RECORDS=8 CRASHES=2'),

  breaks('ordering', 'NO_LATEST_WINS', CHAIN),
  breaks('ordering', 'NO_LATEST_WINS CRASHES=0', LINEARIZABLE),
  breaks('ordering', 'NO_DOUBLE_COLLECT', SUPERSEDED_ALONE),
  breaks('ordering', 'NO_LATEST_TICKET', LINEARIZABLE),
  breaks('ordering', 'RAISE_LATE', LINEARIZABLE),
  breaks('ordering', 'NO_REDO', CHAIN),
  breaks('ordering', 'NO_JOURNAL_FIRST', CHAIN),
  breaks('ordering', 'NO_WAIT_APPLIED', LINEARIZABLE),
  breaks('ordering', 'METADATA NO_PREDECESSOR', LINEARIZABLE),
  breaks('ordering', 'METADATA IMPATIENT READS=0 NO_METADATA_TICKET', LINEARIZABLE),
  breaks('ordering', 'METADATA IMPATIENT', LINEARIZABLE, {
    note: 'known limit: a live producer that stalls past the patience can be read half overtaken',
  }),
  holds('ordering', 'NO_HEAD_EACH', {
    note: 'safe without it, as tickets tell what is met again; what it buys is progress, see ENDLESS_CRASHES',
  }),
  breaks('ordering', 'ENDLESS_CRASHES NO_HEAD_EACH', /acceptance cycle/, { cycles: true }),

  breaks('snapshot', 'NO_TABLE_SEQUENCE', NOT_ATOMIC),
  breaks('snapshot', 'NO_SNAPSHOT_CHECK', NOT_ATOMIC),
  breaks('snapshot', 'STALE NO_EVEN_CHECK', NOT_ATOMIC),
  breaks('snapshot', 'STALE NO_STALE_CHECK', NOT_ATOMIC),
  breaks('snapshot', 'NO_SNAPSHOT_REQUEST', UNBOUNDED),
  breaks('snapshot', 'LATE=1 CRASHES=0 RECORDS=6 WRITE_OFF', UNBOUNDED),
  breaks('snapshot', 'LATE=1 CRASHES=0 RECORDS=6 SERVE_LATE', UNBOUNDED),
  breaks('snapshot', 'READERS=2 CRASHES=0 RECORDS=6 SERVE_LATE', UNBOUNDED, { deep: true }),
  breaks('snapshot', 'NO_LATCH', TORN),
  breaks('snapshot', 'NO_SLOT_CHECK', TORN),
  breaks('snapshot', 'FREE_EARLY', TORN),
  breaks('snapshot', 'STALE SEQLOCK', READER_STUCK, {
    note: 'a plain seqlock leaves readers stuck with a dead manager',
  }),

  breaks('mailbox', 'NO_ROOM_RECHECK', STUCK),
  breaks('mailbox', 'NO_PARK_RECHECK', NOT_ALL_APPLIED),
  breaks('mailbox', 'NO_PARK_NUMBER CRASHES=1', NOT_ALL_APPLIED),
  breaks('mailbox', 'NO_PARK_TIMEOUT KILLS=1', NOT_ALL_APPLIED),
  breaks('mailbox', 'NO_WAKE_ALL CRASHES=1 OPS1=0', STUCK),
  breaks('mailbox', 'NO_REANNOUNCE READS=1', STUCK),
  breaks('mailbox', 'NO_APPLIED_RECHECK READS=1 OPS0=1', STUCK),
  breaks('mailbox', 'NO_CLOSE_BIT STOP', NOT_ALL_APPLIED),
  breaks('mailbox', 'PUBLISH_BY_ADD STOP CRASHES=1', NOT_ALL_APPLIED),
  breaks('mailbox', 'PUBLISH_BY_ADD STOP READS=1 OPS0=1', STUCK),

  breaks('registration', 'BOTH SCRIPT NO_SETTLE', LINEARIZABLE, { deep: true }),
  breaks('registration', 'BOTH SCRIPT NO_ENDING', LINEARIZABLE, { deep: true }),
  breaks('registration', 'BOTH SCRIPT NO_ENDING_AT_BIND', LINEARIZABLE, { deep: true }),
  breaks('registration', 'BOTH SCRIPT OPS0=3 KEEP_ENDING', LINEARIZABLE, { deep: true }),
  breaks('registration', 'BOTH SCRIPT RIVAL END_UNSETTLED', LINEARIZABLE, { deep: true }),
  breaks('registration', 'BOTH SCRIPT THIRD ENDING_BACK', LINEARIZABLE, { deep: true }),
  breaks('registration', 'READS=0 STAMP_RECORD', WAITS_FOREVER),
  breaks('registration', 'BOTH SCRIPT DEREGISTER_UNRAISED', LINEARIZABLE, { deep: true }),
  breaks('registration', 'READS=0 RIVAL NO_GENERATION_CHECK', LINEARIZABLE),
  breaks('registration', 'READS=0 NO_GENERATION_RECHECK', WAITS_FOREVER),
  breaks('registration', 'READS=0 BIND_LATE', WAITS_FOREVER),
  breaks('registration', 'READS=0 RECHECK_LATE', WAITS_FOREVER),
  breaks('registration', 'READS=0 RIVAL NO_EXPIRE KEEP_ENDING', LINEARIZABLE),
  holds('registration', 'READS=0 RIVAL NO_EXPIRE', {
    note: 'safe without it, as no reporter stays bound to what it knows to be ending; see NO_EXPIRE KEEP_ENDING',
  }),
  holds('registration', 'READS=0 RIVAL ENTER_LATE', {
    note: 'safe without it, as who finds no entry settles and looks again; what it buys is that few must',
  }),

  breaks('control', 'NO_CONTROL_LATEST', GOES_BACK, { deep: true }),

  breaks('journal', 'NO_OLDEST_FIRST', JOURNAL_RECORD),
  breaks('journal', 'NO_GAP_CHECK', JOURNAL_RECORD),
]
