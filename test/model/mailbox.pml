/*
 * Mailboxes: room in a full ring, the doorbell of a parked manager, readers that wait until records are applied, and
 * the close at the stop. Two producers, a manager that may be killed CRASHES times, producers of which KILLS may be
 * killed, at any step, a reader (READS), and (STOP) a supervisor that stops the runtime.
 *
 * Checked: nobody is stuck; every accepted record is applied and none that was refused; a record never overwrites
 * one that is not consumed yet; nothing is accepted after the manager has seen the last of a mailbox.
 *
 * Waits are modelled without their timeouts, so a lost wake-up is a dead end that the checker finds. Who waits on a
 * word sleeps if the word has the value that it has read, and goes on sleeping until the word is notified, also if
 * the word moves. Only what nothing but a timeout can mend has one: a producer that was killed between publishTail
 * and the end of ringDoorbell leaves a record that the manager finds when its park times out.
 *
 * Each access to a shared word is a step. Merged with its neighbour is only what cannot be told apart: a loop's last
 * look and what its thread does to its own words then. Records are only counted: what is in them, and their order,
 * is ordering.pml's subject, and so collecting is one load a mailbox here. A word that is only compared with the
 * value that its single watcher has read before (doorbell, roomSequence, appliedSequence, applyWaiters) is kept as
 * whether it has moved since then.
 */
#ifndef OPS0
#define OPS0 2 /* records of the first producer, of one or two words */
#endif
#ifndef OPS1
#define OPS1 1 /* records of the second one, of one word */
#endif
#define CAPACITY 2 /* words */
#ifndef READS
#define READS 0
#endif
#ifndef CRASHES
#define CRASHES 0
#endif
#ifndef KILLS
#define KILLS 0
#endif

/* Shared words. */
typedef Mailbox {
  byte tail; /* words published */
  bool closed; /* the lowest bit of the tail, so one word with it */
  byte head;
  byte length[CAPACITY]; /* of the record that begins at this place of the ring */
  bool roomWaiting;
  bool roomMoved; /* roomSequence, since the producer has read it */
  bool asleep; /* the producer, on roomSequence */
#ifdef PUBLISH_BY_ADD
  byte accepted; /* ghost: words that the producer was told are accepted */
#define ACCEPTED(i) mailbox[i].accepted
#else
#define ACCEPTED(i) mailbox[i].tail
#endif
};
Mailbox mailbox[2];
bool doorbellMoved; /* since a manager that was about to park has read it */
bool managerAsleep; /* on doorbell */
bool waitersMoved; /* applyWaiters, since the manager has served them */
bool appliedMoved; /* appliedSequence, since the reader has read it */
bool readerAsleep; /* on appliedSequence */
bool stopping;

/* A park has a number that no park before it had, under no manager, so no producer has rung for it. With
 * NO_PARK_NUMBER each manager counts its own parks. */
byte parked;
#ifdef NO_PARK_NUMBER
byte rungPark[2];
#define HAS_RUNG (rungPark[me] == parked)
#define RUNG rungPark[me] = parked
#else
bool hasRung[2];
#define HAS_RUNG hasRung[me]
#define RUNG hasRung[me] = true
#endif

/* Ghosts. */
byte finished; /* producers and readers that are done or dead */
byte killed, crashed;
bool managerDone;

#if KILLS > 0
#define MAY_DIE :: atomic { killed < KILLS -> killed++; finished++; goto end_dead }
#else
#define MAY_DIE
#endif

/* Add and notify. */
inline ring() {
  if
  :: atomic { doorbellMoved = true }
  MAY_DIE
  fi;
  if
  :: atomic { managerAsleep = false }
  MAY_DIE
  fi
}

#define FREE (CAPACITY - (ACCEPTED(me) - head)) /* as far as the producer knows */

proctype Producer(byte me; byte operations) {
  byte n, length, head;
next:
  if
  :: atomic {
       n < operations ->
       n++;
       if
       :: length = 1
       :: me == 0 -> length = 2
       fi;
       if
       :: FREE >= length -> goto publish
       :: else
       fi;
waitForRoom:
       head = mailbox[me].head;
       if
       :: FREE >= length -> goto publish
       :: else
       fi
     }
  :: atomic { n == operations -> finished++; goto end_dead }
  MAY_DIE
  fi;
  if
  :: atomic { mailbox[me].closed -> goto refused }
  :: atomic { !mailbox[me].closed -> skip }
  MAY_DIE
  fi;
wait:
  if
  :: atomic { mailbox[me].roomMoved = false } /* reads it */
  MAY_DIE
  fi;
  if
  :: atomic { mailbox[me].roomWaiting = true }
  MAY_DIE
  fi;
#ifndef NO_ROOM_RECHECK
  if
  :: atomic {
       head = mailbox[me].head;
       if
       :: FREE >= length -> goto stopWaiting
       :: else
       fi
     }
  MAY_DIE
  fi;
#endif
  ring();
  if
  :: atomic { !mailbox[me].roomMoved -> mailbox[me].asleep = true }
  :: atomic { mailbox[me].roomMoved -> skip }
  MAY_DIE
  fi;
  if
  :: atomic {
       !mailbox[me].asleep ->
#ifdef NO_ROOM_RECHECK /* looks only when it is woken */
       head = mailbox[me].head;
       if
       :: FREE >= length -> goto stopWaiting
       :: else
       fi;
#endif
       goto wait
     }
  MAY_DIE
  fi;
stopWaiting:
  if
  :: atomic { mailbox[me].roomWaiting = false }
  MAY_DIE
  fi;
publish:
#ifdef NO_CLOSE_BIT /* looks, then leaps */
  if
  :: atomic { stopping -> goto refused }
  :: atomic { !stopping -> skip }
  MAY_DIE
  fi;
#endif
  if /* publishTail, with writeRecord: nobody reads above the tail */
  :: atomic {
#ifdef PUBLISH_BY_ADD /* the tail moves whether it is closed or not */
       mailbox[me].length[mailbox[me].tail % CAPACITY] = length;
       mailbox[me].tail = mailbox[me].tail + length;
       if
       :: mailbox[me].closed -> goto refused
       :: else -> mailbox[me].accepted = mailbox[me].tail
       fi;
#else
       if
       :: mailbox[me].closed -> goto refused
       :: else
       fi;
       mailbox[me].length[mailbox[me].tail % CAPACITY] = length;
       mailbox[me].tail = mailbox[me].tail + length;
#endif
       assert(mailbox[me].tail - mailbox[me].head <= CAPACITY); /* nothing is overwritten that is not consumed */
       length = 0
     }
  MAY_DIE
  fi;
ringDoorbell:
  if
  :: atomic {
       if
       :: parked == 0 || HAS_RUNG -> goto next
       :: else -> RUNG
       fi
     }
  MAY_DIE
  fi;
  ring();
  goto next;
refused:
  atomic { finished++ }
end_dead:
  false
}

#ifdef PUBLISH_BY_ADD /* the manager remembers where each tail was when it closed it */
#define TAIL(i) (isClosing -> closedAt[i] : mailbox[i].tail)
#else
#define TAIL(i) mailbox[i].tail
#endif

#define MAY_CRASH :: atomic { crashed < CRASHES -> crashed++; goto recover }

/* Add and notify: wakes the producer that waits for room. */
inline wakeProducer(i) {
  if
  :: atomic { mailbox[i].roomMoved = true }
  MAY_CRASH
  fi;
  if
  :: atomic { mailbox[i].asleep = false }
  MAY_CRASH
  fi
}

/* A producer is woken when half of its ring is free. */
inline settleRoom(i) {
  if
  :: atomic { !pending[i] || mailbox[i].tail - mailbox[i].head > CAPACITY / 2 -> pending[i] = false }
  :: atomic {
       pending[i] && mailbox[i].tail - mailbox[i].head <= CAPACITY / 2 -> pending[i] = false
     }
     if
     :: atomic { mailbox[i].roomWaiting -> skip }
        wakeProducer(i)
     :: atomic { !mailbox[i].roomWaiting -> skip }
     MAY_CRASH
     fi
  MAY_CRASH
  fi
}

/* Add and notify: wakes the readers that wait for heads. */
inline wakeReaders() {
  if
  :: atomic { appliedMoved = true }
  MAY_CRASH
  fi;
  if
  :: atomic { readerAsleep = false }
  MAY_CRASH
  fi
}

inline advance(i) {
  length = mailbox[i].length[mailbox[i].head % CAPACITY];
  mailbox[i].length[mailbox[i].head % CAPACITY] = 0;
  mailbox[i].head = mailbox[i].head + length;
  length = 0
}

proctype Manager() {
  byte limit[2], length;
#ifdef PUBLISH_BY_ADD
  byte closedAt[2];
#endif
  bool pending[2], hasApplied, isParking, isClosing;
#ifdef NO_PARK_NUMBER
  byte parks;
#endif
collect:
  if
  :: atomic { stopping && !isClosing -> isClosing = true; isParking = false; goto close }
  :: atomic { !stopping || isClosing -> limit[0] = TAIL(0) }
  MAY_CRASH
  fi;
  if
  :: atomic {
       limit[1] = TAIL(1);
       pending[0] = (limit[0] != mailbox[0].head);
       pending[1] = (limit[1] != mailbox[1].head);
       if
       :: pending[0] || pending[1] -> goto apply
       :: else ->
          limit[0] = 0;
          limit[1] = 0;
          if
          :: isClosing -> managerDone = true; goto end_closed
          :: !isClosing && isParking -> goto sleep
          :: else -> goto park
          fi
       fi
     }
  MAY_CRASH
  fi;
apply: /* advanceHead */
  if
  :: atomic {
       mailbox[0].head < limit[0] ->
       hasApplied = true;
       advance(0);
       goto apply
     }
  :: atomic {
       mailbox[1].head < limit[1] ->
       hasApplied = true;
       advance(1);
       goto apply
     }
  :: atomic { /* all, or as many as fit into a batch; settle */
       hasApplied -> hasApplied = false;
       limit[0] = 0;
       limit[1] = 0;
       if
       :: !waitersMoved -> goto settle
       :: else -> waitersMoved = false
       fi
     }
  MAY_CRASH
  fi;
  wakeReaders();
settle:
  settleRoom(0);
  settleRoom(1);
  goto collect;

park:
  if
  :: atomic { doorbellMoved = false } /* reads the doorbell */
  MAY_CRASH
  fi;
  if
  :: atomic {
       isParking = true;
#ifdef NO_PARK_NUMBER
       parks++;
       parked = parks;
#else
       parked = 1;
       hasRung[0] = false;
       hasRung[1] = false;
#endif
#ifndef NO_PARK_RECHECK
       goto collect
#endif
     }
  MAY_CRASH
  fi;
sleep:
  if
  :: atomic { !doorbellMoved && !stopping -> managerAsleep = true }
  :: atomic { doorbellMoved || stopping -> skip }
  MAY_CRASH
  fi;
end_asleep:
  if
  :: !managerAsleep -> skip
#ifndef NO_PARK_TIMEOUT
  :: atomic {
       killed > 0 && (mailbox[0].tail != mailbox[0].head || mailbox[1].tail != mailbox[1].head) ->
       managerAsleep = false
     }
#endif
  MAY_CRASH
  fi;
  if
  :: atomic { parked = 0; isParking = false; goto collect }
  MAY_CRASH
  fi;

close:
#ifndef NO_CLOSE_BIT
  if
  :: atomic {
       mailbox[0].closed = true;
#ifdef PUBLISH_BY_ADD
       closedAt[0] = mailbox[0].tail
#endif
     }
  MAY_CRASH
  fi;
  if
  :: atomic {
       mailbox[1].closed = true;
#ifdef PUBLISH_BY_ADD
       closedAt[1] = mailbox[1].tail
#endif
     }
  MAY_CRASH
  fi;
#endif
  goto collect;

recover: /* a new manager */
  atomic {
    limit[0] = 0;
    limit[1] = 0;
    pending[0] = false;
    pending[1] = false;
    hasApplied = false;
    isParking = false;
    isClosing = false;
    managerAsleep = false;
    waitersMoved = false;
#ifdef NO_PARK_NUMBER
    parks = 0
#endif
  }
#ifndef NO_WAKE_ALL /* the old one may have died between the heads and the wake */
  wakeReaders();
  wakeProducer(0);
  wakeProducer(1);
#endif
  goto collect;
end_closed:
  false
}

/* Leaves the loop around it if what was noted is applied. */
inline areApplied() {
  if
  :: atomic { mailbox[0].head >= noted[0] -> skip }
     if
     :: atomic { mailbox[1].head >= noted[1] -> break }
     :: atomic { mailbox[1].head < noted[1] -> skip }
     fi
  :: atomic { mailbox[0].head < noted[0] -> skip }
  fi
}

proctype Reader() {
  byte noted[2], n;
#ifdef NO_REANNOUNCE
  bool hasAnnounced;
#endif
end:
  do
  :: atomic { n < READS -> noted[0] = mailbox[0].tail } /* noteTails */
     noted[1] = mailbox[1].tail;
     do /* waitApplied */
     ::
#ifdef NO_APPLIED_RECHECK /* looks before it announces itself */
        areApplied();
#endif
        appliedMoved = false; /* reads it */
#ifdef NO_REANNOUNCE /* says only once that it waits */
        atomic { waitersMoved = waitersMoved || !hasAnnounced; hasAnnounced = true }
#else
        waitersMoved = true;
#endif
#ifndef NO_APPLIED_RECHECK
        areApplied();
#endif
        if
        :: atomic { parked != 0 -> skip } /* a producer that was killed after it published has not rung */
           doorbellMoved = true;
           managerAsleep = false
        :: parked == 0
        fi;
        if
        :: atomic { !appliedMoved -> readerAsleep = true }
        :: atomic { appliedMoved -> skip }
        fi;
        !readerAsleep
     od;
     atomic {
       noted[0] = 0;
       noted[1] = 0;
       n++;
       finished = finished + (n == READS)
     }
  od
}

proctype Supervisor() {
  stopping = true;
  doorbellMoved = true;
  managerAsleep = false
}

/* When nothing can move any more. */
proctype End() {
  timeout;
  assert(finished == 2 + (READS > 0)); /* nobody is stuck */
  assert(mailbox[0].head == ACCEPTED(0) && mailbox[1].head == ACCEPTED(1));
#ifdef STOP
  assert(managerDone)
#endif
}

init {
  atomic {
    run Manager();
    run Producer(0, OPS0);
    run Producer(1, OPS1);
    if
    :: READS > 0 -> run Reader()
    :: else
    fi;
#ifdef STOP
    run Supervisor();
#endif
    run End()
  }
}
