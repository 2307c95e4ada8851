/*
 * Mailboxes: room in a full ring, the doorbell of a parked manager, readers that wait until records are applied, and
 * the close at the stop. Two producers, a manager that may be killed CRASHES times, producers of which KILLS may be
 * killed, at any step, a reader (READS), and (STOP) a supervisor that stops the runtime.
 *
 * Checked: nobody is stuck; every accepted record is applied, none that was refused is; a record never overwrites one
 * that is not consumed yet.
 *
 * A wait is modelled without its timeout, so a lost wake-up is a dead end that the checker finds. A thread that
 * waits on a word sleeps if the word still has the value that it has read, and stays asleep until another thread
 * notifies the word, also if the word moves. Only what nothing but a timeout can mend has one: a producer that was
 * killed between publishTail and ringDoorbell (PARK_TIMEOUT).
 *
 * Each access to a shared word is a step. Records are only counted: what is in them, and in which order they are
 * applied, is ordering.pml's subject, and so collecting is one load a mailbox.
 */
#ifndef OPS0
#define OPS0 2 /* records of the first producer, of one or two words */
#endif
#ifndef OPS1
#define OPS1 1 /* records of the second, of one word */
#endif
#ifndef CAPACITY
#define CAPACITY 2 /* words */
#endif
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
  byte tail;
  bool closed; /* the lowest bit of the tail: one word with it */
  byte head;
  byte length[CAPACITY]; /* first word of the record at this place of the ring */
  bool roomWaiting;
  byte roomSequence;
  bool asleep; /* its producer waits on roomSequence */
  byte accepted, applied /* ghosts, in words */
};
Mailbox mailbox[2];
byte doorbell, parked, epoch;
bool managerAsleep; /* waits on doorbell */
byte applyWaiters, appliedSequence;
bool readerAsleep; /* waits on appliedSequence */
bool stopping;

/* Ghosts. */
byte finished, killed, crashed;
bool managerDone;

#define USED(i) (mailbox[i].tail - mailbox[i].head)
#define HAS_ROOM(i) (CAPACITY - USED(i) >= length)

#if KILLS > 0
#define MAY_DIE :: atomic { killed < KILLS -> killed++; goto dead }
#else
#define MAY_DIE
#endif

inline ringDoorbell() {
  if
  :: atomic {
       p = parked;
       if
       :: p == 0 || p == lastRung -> p = 0; goto rung
       :: else -> lastRung = p; p = 0
       fi
     }
  MAY_DIE
  fi;
  if
  :: atomic { doorbell++ }
  MAY_DIE
  fi;
  if
  :: atomic { managerAsleep = false } /* notify */
  MAY_DIE
  fi
}
