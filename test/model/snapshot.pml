/*
 * Snapshots: the slot latch, payload blocks, the table sequence, the snapshot request, and the stale path while the
 * manager is dead. The manager applies RECORDS records to two components in turn; record n writes n. So after n
 * records one component shows n and the other n - 1, and any other pair is a state that never was.
 *
 * Checked: a read of one slot is whole; a snapshot shows a state between two records; nothing that was published
 * before a read began is missing from it; nobody is stuck; once a reader has asked for a pause, at most BOUND of its
 * tries fail: one, one more for the pause of each other reader, and two more for each of the LATE pauses that end
 * before it has used them. With STALE every wait may time
 * out at any moment and the manager may stay dead: then what is left is that answers are whole and snapshots atomic.
 *
 * Each access to a shared word is a step (a block's content is one word). Merged with its neighbour is only what
 * cannot be told apart: the journal, which only a new manager reads here, is written together with the step before
 * it, though a crash may come between the two; waiting for the head comes with the step after it, since heads only
 * grow. Publication in ticket order is taken for granted here: ordering.pml checks it.
 */
#ifndef RECORDS
#define RECORDS 4
#endif
#ifndef READS
#define READS 1 /* of each reader */
#endif
#ifndef READERS
#define READERS 1 /* two take snapshots only, and read a slot in one step */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef KILLS
#define KILLS 0
#endif
#ifndef LATE
#define LATE 0 /* pauses that end before the reader is done, though it is alive */
#endif
#ifdef STALE
#define BOUND 255
#else
#define BOUND (READERS + CRASHES + 2 * LATE)
#endif
#define NEVER 255

/* Shared words. */
byte tail, head;
byte tableSequence;
byte sequence[2];
byte value[4], block[4]; /* copy c of slot s is at 2 * s + c */
byte content[4]; /* of the payload blocks */
byte journalRecord, journalBlock; /* the journal's last record holds its payload until the next one is written */
byte snapshotRequests, snapshotDones;

/* Ghosts. */
byte crashed, killed, late, readersGone, readersDone;
bool managerGone;

#if defined(NO_LATCH) || defined(SEQLOCK) /* written in place */
#define COPY(s, seen) (2 * (s))
#else
#define COPY(s, seen) (2 * (s) + ((seen) & 1))
#endif
#define VALID(s) COPY(s, sequence[s])
#define NEXT(s) COPY(s, sequence[s] + 1)
#define IS_USED(b) \
  ((b) == block[VALID(0)] || (b) == block[VALID(1)] || (journalRecord != 0 && (b) == journalBlock))

proctype Producer() {
  do
  :: tail < RECORDS -> tail++
  :: tail == RECORDS -> break
  od
}

#ifdef STALE
#define MAY_CRASH \
  :: atomic { crashed < CRASHES -> crashed++; goto redo } \
  :: atomic { crashed < CRASHES -> crashed++; goto gone }
#else
#define MAY_CRASH :: atomic { crashed < CRASHES -> crashed++; goto redo }
#endif

/* Puts record `n` with payload block `fresh` into its slot. */
inline writeSlot() {
#ifdef SEQLOCK
  if
  :: atomic { sequence[s] = sequence[s] | 1 } /* odd while it is being written */
  MAY_CRASH
  fi;
#endif
  if
  :: atomic { value[NEXT(s)] = n }
  MAY_CRASH
  fi;
  if
  :: atomic { block[NEXT(s)] = fresh }
  MAY_CRASH
  fi;
  if /* commitSlot */
  :: atomic { sequence[s]++ }
  MAY_CRASH
  fi
}

#ifdef NO_SNAPSHOT_REQUEST
#define MUST_PAUSE (false)
#define IS_DONE (true)
#define SERVED 0
#define SERVED_AT_FIRST 0
#else
#ifdef WRITE_OFF /* pauses only for more open requests than the last pause was not enough for */
#define MUST_PAUSE (!hasPaused && snapshotRequests - snapshotDones > served)
#define IS_DONE (snapshotRequests - snapshotDones <= served)
#define SERVED (snapshotRequests - snapshotDones)
#define SERVED_AT_FIRST (snapshotRequests - snapshotDones)
#else /* pauses for requests that it has not paused for */
#define MUST_PAUSE (!hasPaused && snapshotRequests != served && snapshotRequests != snapshotDones)
#define IS_DONE (snapshotDones - donesBefore >= snapshotRequests - served)
#define SERVED snapshotRequests
#define SERVED_AT_FIRST snapshotDones
#endif
#endif

/* Only requests that a pause could have been for: what comes in at its very end is for the next one. */
#ifdef SERVE_LATE
#define SERVE skip
#else
#define SERVE served = SERVED
#endif

proctype Manager() {
  byte limit, n, s, fresh, served, donesBefore;
  bool hasPaused; /* no record has been applied since the last pause */
end:
  atomic { head != tail -> limit = tail }
  if
  :: atomic { tableSequence++ } /* beginBatch */
  MAY_CRASH
  fi;
next:
  if
  :: atomic { head == limit -> tableSequence++; limit = 0; goto end } /* endBatch */
  :: atomic { head < limit && MUST_PAUSE -> goto grantSnapshot }
  :: atomic {
       head < limit && !(MUST_PAUSE) ->
       n = head + 1;
       s = head % 2;
       if
       :: n <= value[VALID(s)] -> goto advanceHead /* met again after a crash */
       :: else
       fi;
#ifdef FREE_EARLY /* the valid copy's payload block is used again before the new copy is committed */
       fresh = block[VALID(s)]
#else
       do
       :: IS_USED(fresh) -> fresh++
       :: else -> break
       od
#endif
     }
  MAY_CRASH
  fi;
  if
  :: atomic {
       content[fresh] = n;
       if
       :: journalRecord = n; journalBlock = fresh /* journal */
       MAY_CRASH
       fi
     }
  MAY_CRASH
  fi;
  writeSlot();
advanceHead:
  if
  :: atomic {
       head++;
       hasPaused = false;
       n = 0;
       s = 0;
       fresh = 0;
       goto next
     }
  MAY_CRASH
  fi;

grantSnapshot:
  if
  :: atomic { tableSequence++ } /* endBatch */
  MAY_CRASH
  fi;
  if
  :: atomic { donesBefore = snapshotDones }
  MAY_CRASH
  fi;
  if
  :: atomic { IS_DONE -> SERVE }
#ifdef STALE
  :: atomic { SERVE } /* the time is up */
#else /* the time is up: who is alive needs less, but LATE times */
  :: atomic { readersGone > 0 || snapshotRequests == snapshotDones -> SERVE }
  :: atomic { late < LATE -> late++; SERVE }
#endif
  MAY_CRASH
  fi;
#ifdef SERVE_LATE
  if
  :: atomic { served = SERVED }
  MAY_CRASH
  fi;
#endif
  atomic {
    tableSequence++; /* beginBatch */
    donesBefore = 0;
    hasPaused = true;
    goto next
  }

redo: /* a new manager's first act */
  atomic {
    limit = 0;
    served = SERVED_AT_FIRST;
    donesBefore = 0;
    hasPaused = false;
    n = journalRecord;
    s = (n + 1) % 2;
    fresh = journalBlock;
    if
    :: n <= value[VALID(s)] -> goto repaired
    :: else
    fi
  }
  writeSlot();
repaired:
  atomic {
    tableSequence = (tableSequence + 1) / 2 * 2;
    n = 0;
    s = 0;
    fresh = 0;
    goto end
  }
gone:
  managerGone = true
}

#if KILLS > 0
#define MAY_DIE :: atomic { killed < KILLS -> killed++; readersGone++; goto dead }
#else
#define MAY_DIE
#endif

#if READERS == 2 /* whole, as the other runs show */
inline draft(c) {
  atomic { seen[c] = value[VALID(c)] }
}
#else
/* Reads slot `c`, unless its sequence has not moved since the reader decoded it. */
inline draft(c) {
  do
  :: atomic {
#ifdef SEQLOCK
       sequence[c] % 2 == 0 ->
#endif
       at = sequence[c];
       if
       :: at == seenSequence[c] -> at = 0; break
       :: else
       fi
     }
     v = value[COPY(c, at)];
     b = block[COPY(c, at)];
     p = content[b];
     atomic {
       if
#ifdef NO_SLOT_CHECK
       :: true ->
#else
       :: sequence[c] == at ->
#endif
          assert(v == p); /* whole */
          seenSequence[c] = at;
          seen[c] = v;
          at = 0;
          v = 0;
          b = 0;
          p = 0;
          break
       :: else
       fi
     }
  od
}
#endif

#define IS_STATE(a, b) ((a) == 0 && (b) == 0 || (a) == (b) + 1 || (b) == (a) + 1)
/* The last record up to the m-th that wrote slot c. */
#define LAST(m, c) ((m) == 0 -> 0 : ((m) % 2 == 1 - (c) -> (m) : (m) - 1))

proctype Reader() {
  byte noted, n, first, at, v, b, p, c;
  byte seen[2], seenSequence[2] = NEVER;
  byte failed, lateSeen;
  bool asked, stale;
  do
  :: atomic { n < READS -> noted = tail }
     if
     :: atomic { head >= noted -> skip }
#ifdef STALE
     :: atomic { head < noted -> stale = true }
#endif
     fi;
     if
#if READERS == 1
     :: c = 0; goto single
     :: c = 1; goto single
#endif
     :: goto snapshot
     fi;

single:
     draft(c);
     atomic {
       assert(stale || seen[c] >= LAST(noted, c));
       goto answered
     }

snapshot:
     if
     :: atomic { !asked -> asked = true; snapshotRequests++ }
     :: true
     fi;
again:
     if
#ifdef NO_TABLE_SEQUENCE
     :: true
#elif defined(NO_EVEN_CHECK)
     :: first = tableSequence
#else
     :: atomic { tableSequence % 2 == 0 -> first = tableSequence }
#ifdef STALE
     :: tableSequence % 2 == 1 -> goto isUnmoved
#endif
#endif
     MAY_DIE
     fi;
     draft(0);
     draft(1);
     if
#if defined(NO_TABLE_SEQUENCE) || defined(NO_SNAPSHOT_CHECK)
     :: true
#else
     :: tableSequence == first
     :: atomic {
          tableSequence != first ->
          if
          :: asked -> failed++; assert(failed <= BOUND) /* bounded */
          :: else -> goto snapshot
          fi;
          if
          :: late == lateSeen -> goto again
          :: else -> lateSeen = late; goto askAgain /* it has missed its pause */
          fi
        }
#endif
     MAY_DIE
     fi;
     goto gotSnapshot;
askAgain:
     snapshotDones++;
     snapshotRequests++;
     goto again;

isUnmoved: /* the manager is dead in a batch: what has not moved since it was read, was so all at one time */
     draft(0);
     draft(1);
#ifndef NO_STALE_CHECK
     if
     :: sequence[0] == seenSequence[0]
     :: sequence[0] != seenSequence[0] -> goto again
     fi;
     if
     :: sequence[1] == seenSequence[1]
     :: sequence[1] != seenSequence[1] -> goto again
     fi;
#endif

gotSnapshot:
     atomic {
       assert(IS_STATE(seen[0], seen[1])); /* atomic */
       assert(stale || seen[0] >= noted || seen[1] >= noted) /* and not older than the read */
     }
     if
     :: atomic { asked -> snapshotDones++; asked = false }
     :: atomic { !asked -> skip }
     MAY_DIE
     fi;
answered:
     atomic {
       n++;
       noted = 0;
       first = 0;
       failed = 0;
       c = 0;
       stale = false
     }
  :: atomic { n == READS -> break }
  od;
  readersDone++;
dead:
  skip
}

proctype End() {
  timeout;
  assert(readersDone + readersGone == READERS); /* nobody is stuck */
  assert(managerGone || head == RECORDS)
}

init {
  atomic {
    block[2] = 1;
    run Manager();
    run Producer();
    run Reader();
#if READERS == 2
    run Reader();
#endif
    run End()
  }
}
