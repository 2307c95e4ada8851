/*
 * Ordering: tickets, the double collect, latest ticket wins, the unchanged fast path, updates that keep metadata,
 * head advance, journal before slot, redo, and what a reader waits for. Two producers, a manager that may be killed
 * CRASHES times, producers of which KILLS may be killed, at any step, and a reader.
 *
 * Checked: every history of updates and reads is linearizable, over one component, or (SLOTS=2) two components read
 * together, or (METADATA) a component's status and metadata; an update is superseded only by one that it overlapped;
 * the journal is a chain without a gap or a repetition and ends at the slot; in the end everything is applied and
 * nobody is stuck.
 *
 * What one step is: one access to a shared word. Merged with its neighbour is only what cannot be told apart:
 * - What no other thread can see: a thread's own words, records below a tail that was loaded, records above a tail
 *   that is not published yet (writeRecord), the copy of a slot that is not valid (writeSlot).
 * - Beginning and end of an operation. That shortens it, which only makes the check stricter.
 * - raiseLatest, a compare-exchange loop: it takes effect at its last exchange, or finds a later ticket.
 * - The journal, which only a new manager reads here, is written together with the step before it, though a crash
 *   may come between the two. A crash before the first write of a batch is left out: it changes nothing.
 * - Waiting for a head and the step after it: heads only grow.
 * A slot is read and committed in one step; that the latch and the table sequence make it look so is what
 * snapshot.pml checks. The manager waits for work without a doorbell, and rings have room for every record:
 * mailbox.pml has both.
 *
 * Promela interleaves as sequentially consistent memory does. So do Atomics accesses, and the plain accesses to
 * records are free of data races by the same argument that merges them.
 */
#ifndef OPS0
#define OPS0 2 /* updates of the first producer */
#endif
#ifndef OPS1
#define OPS1 1 /* updates of the second producer */
#endif
#define OPS 2 /* at most, of either */
#ifndef READS
#define READS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef SLOTS
#define SLOTS 1
#endif

/* What an update does: `status` to `component`, and to its metadata `metadata`, unless that is KEPT. */
#define KEPT 2
#if SLOTS == 2
#define EFFECT(code, w) \
  ((code) == 1 -> LOW_CLEAR(w) : ((code) == 2 -> LOW_SET(w) : ((code) == 3 -> HIGH_CLEAR(w) : HIGH_SET(w))))
#define CODE (1 + 2 * component + status)
#define SEEN (slotStatus[0] + 2 * slotStatus[1])
/* The two components are alike, so the first producer begins with the first of them. */
#define PICK_UPDATE \
  if \
  :: component = 0 \
  :: me == 1 || n > 0 -> component = 1 \
  fi; \
  if \
  :: status = 0 \
  :: status = 1 \
  fi
#elif defined(METADATA)
#define STATUS_EFFECT(s, w) ((s) == 0 -> LOW_CLEAR(w) : LOW_SET(w))
#define EFFECT(code, w) \
  ((code) < 3 -> STATUS_EFFECT((code) - 1, HIGH_CLEAR(w)) : \
  ((code) < 5 -> STATUS_EFFECT((code) - 3, HIGH_SET(w)) : STATUS_EFFECT((code) - 5, w)))
#define CODE (1 + status + 2 * metadata)
#define SEEN (slotStatus[0] + 2 * slotMetadata)
/* The first producer sets metadata 1 or keeps it, the second one sets 0 or keeps it. */
#define PICK_UPDATE \
  if \
  :: metadata = KEPT \
  :: metadata = 1 - me \
  fi; \
  if \
  :: status = 0 \
  :: status = 1 \
  fi
#else
#define EFFECT(code, w) ((code) == 1 -> HIGH_CLEAR(LOW_SET(w)) : HIGH_SET(LOW_CLEAR(w)))
#define CODE status
#define SEEN slotStatus[0]
/* Statuses 1 and 2 are alike, so the first producer begins with 1. */
#define PICK_UPDATE \
  if \
  :: status = 1 \
  :: me == 1 || n > 0 -> status = 2 \
  fi
#endif
#include "linearizable.inc"

#define NONE 2

/* Shared words. Ticket 0 means none. */
byte ticketCounter = 1;
byte latestTicket[SLOTS];
byte slotStatus[SLOTS], slotTicket[SLOTS], slotMetadata, metadataTicket;
typedef Record {
  byte ticket, component, status, metadata, previous;
  bool alone; /* ghost: no update that overlapped this one can have a later ticket */
  bool applied /* ghost */
};
typedef Mailbox {
  byte tail; /* counts records */
  byte head;
  Record record[OPS]
};
Mailbox mailbox[2];
/* The journal's last record. */
byte journalTicket, journalComponent, journalStatus, journalMetadata, journalMetadataTicket;

/* Ghosts. */
byte chainEnd[SLOTS]; /* the status to which the journal's records lead */
bool unraised[2]; /* the producer has begun an update and not raised latestTicket */
byte finished; /* threads that are done or dead, the manager aside */
byte killed, crashed;

#if KILLS > 0
#define MAY_DIE :: atomic { killed < KILLS -> killed++; finished++; unraised[me] = false; goto end_dead }
#else
#define MAY_DIE
#endif

#ifdef NO_LATEST_TICKET /* compares with what the slot holds instead */
#define STILL_OURS (slotTicket[component] == lastTicket[component])
#else
#define STILL_OURS (latestTicket[component] == lastTicket[component])
#endif
#define SAME_AS_LAST \
  (lastTicket[component] != 0 && lastStatus[component] == status && (metadata == KEPT || metadata == lastMetadata))

proctype Producer(byte me; byte operations) {
  byte ticket, previous, component, status, metadata, n;
  byte lastStatus[SLOTS], lastTicket[SLOTS], lastMetadata;
end:
  do
  :: atomic {
       n < operations ->
       PICK_UPDATE;
       d_step { updateInvoked(me, CODE) }
       unraised[me] = true;
       if
       :: !SAME_AS_LAST -> goto drawTicket
       :: else
       fi;
checkUnchanged:
       if
       :: STILL_OURS ->
          d_step {
            updateReturned(me);
            unraised[me] = false;
            n++;
            finished = finished + (n == operations);
            component = 0;
            status = 0;
            metadata = 0
          }
          goto end
       :: else
       fi
     }
drawTicket:
     atomic {
       ticket = ticketCounter;
       ticketCounter++
     }
raiseLatest:
#ifdef RAISE_LATE /* only when it has published, see below */
     atomic { previous = latestTicket[component]; unraised[me] = false }
     if
     :: skip
#else
     if
     :: atomic {
          if
          :: latestTicket[component] < ticket ->
             previous = latestTicket[component];
             latestTicket[component] = ticket;
             unraised[me] = false
          :: else -> goto drawTicket /* tickets of a slot are raised in their order */
          fi
        }
#endif
     MAY_DIE
     fi;
publishTail:
     if
     :: d_step {
          mailbox[me].record[n].ticket = ticket;
          mailbox[me].record[n].component = component;
          mailbox[me].record[n].status = status;
#ifdef METADATA
          mailbox[me].record[n].metadata = metadata;
          mailbox[me].record[n].previous = previous;
          if
          :: metadata != KEPT -> lastMetadata = metadata
          :: metadata == KEPT && previous != lastTicket[component] -> lastMetadata = KEPT /* not known any more */
          :: else
          fi;
#endif
          mailbox[me].record[n].alone = (ticketCounter == ticket + 1) && !unraised[1 - me];
          mailbox[me].tail++;
#ifdef RAISE_LATE
        }
     MAY_DIE
     fi;
     if
     :: d_step {
          latestTicket[component] = (latestTicket[component] > ticket -> latestTicket[component] : ticket);
#endif
          lastStatus[component] = status;
          lastTicket[component] = ticket;
          n++;
          finished = finished + (n == operations);
          ticket = 0;
          previous = 0;
          component = 0;
          status = 0;
          metadata = 0;
          updateReturned(me)
        }
     MAY_DIE
     fi
  od;
end_dead:
  false
}

#ifdef ENDLESS_CRASHES
/* Killed over and over, but each manager finishes at least one record. */
#define MAY_CRASH :: atomic { passed -> passed = false; goto redo }
#else
#define MAY_CRASH :: atomic { crashed < CRASHES -> crashed++; goto redo }
#endif

#ifdef NO_HEAD_EACH
byte at[2]; /* the manager's own heads; the shared ones follow at the end of a batch */
#define AT(i) at[i]
#else
#define AT(i) mailbox[i].head
#endif
#ifdef NO_HEAD_EACH
#define FORGET skip
#else
#define FORGET /* what is consumed makes no difference any more */ \
  RECORD.ticket = 0; RECORD.component = 0; RECORD.status = 0; RECORD.metadata = 0; RECORD.previous = 0; \
  RECORD.alone = false; RECORD.applied = false
#endif
#define TICKET(i) mailbox[i].record[AT(i)].ticket
#define RECORD mailbox[who].record[AT(who)]

#ifdef NO_LATEST_WINS
#define NOT_NEWER (RECORD.ticket == slotTicket[RECORD.component])
#else
#define NOT_NEWER (RECORD.ticket <= slotTicket[RECORD.component])
#endif
/* An update that keeps metadata must find what the update before it has left. */
#if defined(METADATA) && !defined(NO_PREDECESSOR)
#define LACKS_PREDECESSOR (RECORD.metadata == KEPT && RECORD.previous > slotTicket[0] && RECORD.previous != overdue)
#else
#define LACKS_PREDECESSOR (false)
#endif
#ifdef IMPATIENT
#define PATIENCE_IS_OVER (true)
#else
#define PATIENCE_IS_OVER (killed > 0) /* it waits only for a producer that was killed */
#endif

inline collectFirst(i) {
  limit[i] = mailbox[i].tail; /* as limit only for NO_DOUBLE_COLLECT */
  if
  :: limit[i] != AT(i) && mailbox[i].record[limit[i] - 1].ticket > newest ->
     newest = mailbox[i].record[limit[i] - 1].ticket
  :: else
  fi
}

inline collectSecond(i) {
#ifndef NO_DOUBLE_COLLECT
  limit[i] = mailbox[i].tail
#else
  skip
#endif
}

/* And what is to be done with the record that it picks. */
inline pickSmallest() {
  who = NONE;
  if
  :: AT(0) < limit[0] && TICKET(0) <= newest -> who = 0
  :: else
  fi;
  if
  :: AT(1) < limit[1] && TICKET(1) <= newest && (who == NONE || TICKET(1) < TICKET(0)) -> who = 1
  :: else
  fi;
  if
  :: who == NONE ->
#ifdef NO_HEAD_EACH
     mailbox[0].head = at[0];
     mailbox[1].head = at[1];
#endif
     newest = 0;
     who = 0;
     limit[0] = 0;
     limit[1] = 0;
     goto end
  :: who != NONE && NOT_NEWER ->
     /* Superseded, which must be by an update that it overlapped; or met again after a crash. */
     assert(RECORD.applied || !RECORD.alone);
#ifdef METADATA /* those that overtook it may have kept metadata */
     if
#ifdef NO_METADATA_TICKET
     :: RECORD.metadata != KEPT && RECORD.ticket != slotTicket[0] -> slotMetadata = RECORD.metadata
#else
     :: RECORD.metadata != KEPT && RECORD.ticket > metadataTicket ->
        slotMetadata = RECORD.metadata;
        metadataTicket = RECORD.ticket
#endif
     :: else
     fi;
#endif
     goto advanceHead
  :: who != NONE && !NOT_NEWER && LACKS_PREDECESSOR -> goto waiting
  :: else
  fi
}

inline journal(from) {
  if
#ifdef NO_REDO /* not even if the manager recognises the ticket that it journaled last */
  :: RECORD.status != from && journalTicket != RECORD.ticket ->
#else
  :: RECORD.status != from ->
#endif
     assert(chainEnd[RECORD.component] == from); /* exactly once: a chain without gap or repetition */
     chainEnd[RECORD.component] = RECORD.status;
     journalTicket = RECORD.ticket;
     journalComponent = RECORD.component;
     journalStatus = RECORD.status;
#ifdef METADATA
     journalMetadata = (RECORD.metadata == KEPT -> slotMetadata : RECORD.metadata);
     journalMetadataTicket = (RECORD.metadata == KEPT -> metadataTicket : RECORD.ticket);
#endif
     RECORD.applied = true
  :: else
  fi
}

proctype Manager() {
  byte limit[2], newest, who, overdue;
#ifdef NO_JOURNAL_FIRST
  byte from;
#endif
#ifdef ENDLESS_CRASHES
  bool passed;
#endif
end:
  atomic {
    mailbox[0].tail != mailbox[0].head || mailbox[1].tail != mailbox[1].head;
collect:
    collectFirst(0)
  }
  atomic { collectFirst(1) }
  atomic { collectSecond(0) }
  atomic {
    collectSecond(1);
apply:
    pickSmallest();
#ifdef NO_JOURNAL_FIRST
    from = slotStatus[RECORD.component]
#else
    if
    :: journal(slotStatus[RECORD.component])
    MAY_CRASH
    fi
#endif
  }
commitSlot:
  if
  :: d_step {
       slotStatus[RECORD.component] = RECORD.status;
       slotTicket[RECORD.component] = RECORD.ticket;
#ifdef METADATA
       if
       :: RECORD.metadata != KEPT ->
          slotMetadata = RECORD.metadata;
          metadataTicket = RECORD.ticket
       :: else
       fi;
#endif
       RECORD.applied = true
     }
  MAY_CRASH
  fi;
#ifdef NO_JOURNAL_FIRST
  if
  :: atomic { journal(from) }
  MAY_CRASH
  fi;
#endif
advanceHead:
  if
  :: atomic {
#ifdef ENDLESS_CRASHES
       passed = true;
#endif
#ifdef NO_JOURNAL_FIRST
       from = 0;
#endif
       FORGET;
       AT(who)++;
       goto apply
     }
  MAY_CRASH
  fi;

waiting: /* until something more is published, or its patience is over */
  atomic {
    if
    :: mailbox[0].tail != limit[0] || mailbox[1].tail != limit[1]
    :: PATIENCE_IS_OVER -> overdue = RECORD.previous
    fi;
    newest = 0;
    who = 0;
    limit[0] = 0;
    limit[1] = 0;
    goto collect
  }

redo: /* a new manager's first act */
#ifdef ENDLESS_CRASHES
accept:
#endif
  atomic {
    newest = 0;
    who = 0;
    limit[0] = 0;
    limit[1] = 0;
    overdue = 0;
#ifdef NO_JOURNAL_FIRST
    from = 0;
#endif
#ifdef NO_HEAD_EACH
    at[0] = mailbox[0].head;
    at[1] = mailbox[1].head;
#endif
#ifndef NO_REDO
    if
    :: journalTicket > slotTicket[journalComponent] ->
       slotStatus[journalComponent] = journalStatus;
       slotTicket[journalComponent] = journalTicket;
#ifdef METADATA
       slotMetadata = journalMetadata;
       metadataTicket = journalMetadataTicket
#endif
    :: else
    fi;
#endif
    goto end
  }
}

proctype Reader() {
  byte noted[2], n;
end:
  do
  :: d_step {
       n < READS ->
       readInvoked();
       noted[0] = mailbox[0].tail /* noteTails */
     }
     noted[1] = mailbox[1].tail;
     d_step {
#ifndef NO_WAIT_APPLIED
       mailbox[0].head >= noted[0] && mailbox[1].head >= noted[1] -> /* waitApplied */
#endif
       readReturned(SEEN);
       noted[0] = 0;
       noted[1] = 0;
       n++;
       finished = finished + (n == READS)
     }
  od
}

/* When nothing can move any more. */
proctype End() {
  timeout;
  assert(finished == 2 + (READS > 0)); /* nobody is stuck */
  assert(mailbox[0].tail == mailbox[0].head && mailbox[1].tail == mailbox[1].head);
  assert(ALLOWED(SEEN)); /* no accepted update is lost */
  assert(chainEnd[0] == slotStatus[0] && chainEnd[SLOTS - 1] == slotStatus[SLOTS - 1])
}

init {
  atomic {
    d_step { monitorStart(0) }
    run Manager();
    run Producer(0, OPS0);
    run Producer(1, OPS1);
    run Reader();
    run End()
  }
}
