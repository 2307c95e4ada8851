/*
 * Registration: slots that are used again, generations, the directory, and reporters that are bound to a slot. One
 * producer updates component x by name; the other one deregisters and registers x and y, in any order, so that both
 * names come to lie in either slot. A manager that may be killed CRASHES times, at any step, and a reader.
 *
 * Checked: the history of registrations, deregistrations, updates and reads of x is linearizable, where an update of
 * a name that is not registered does nothing; no record for x ever changes y; the journal of each registration is a
 * chain that ends at the slot; nobody is stuck.
 *
 * Steps are as in ordering.pml. A look into the directory and the check of the slot that it names are two steps. The
 * reader reads both at one instant: the table sequence, see snapshot.pml, makes it so.
 */
#ifndef OPS0
#define OPS0 2 /* updates of x by the first producer */
#endif
#ifndef OPS1
#define OPS1 2 /* what the second one does */
#endif
#define OPS 3 /* at most, of either */
#ifndef READS
#define READS 1
#endif
#ifndef CRASHES
#define CRASHES 0
#endif

/* The value of x: 0 not registered, 1 registered and unspecified, 2 and 3 its statuses. */
#define REGISTER 1
#define DEREGISTER 4
#define EFFECT(code, w) \
  ((code) == REGISTER -> (((w) & 4369) << 1) | ((w) & 61166) : \
  ((code) == 2 -> ((w) & 21845) | (((w) & 8738) << 1) | (((w) & 34952) >> 1) : \
  ((code) == 3 -> ((w) & 39321) | (((w) & 8738) << 2) | (((w) & 17476) << 1) : \
  ((w) & 4369) | (((w) & 8738) >> 1) | (((w) & 17476) >> 2) | (((w) & 34952) >> 3))))
#include "linearizable.inc"

#define X 0
#define Y 1
#define NONE 2

/* Shared words. Ticket 0 means none. */
byte ticketCounter = 1;
typedef Slot {
  bool isRegistered;
  byte generation, name, status, ticket; /* the valid copy */
  byte latestTicket
};
Slot slot[2];
byte directory[2]; /* slot + 1 of each name */
typedef Record {
  byte kind; /* the code, an update's status */
  byte slot, generation, name, ticket
};
typedef Mailbox {
  byte tail, head;
  Record record[OPS]
};
Mailbox mailbox[2];
byte journalTicket, journalSlot, journalGeneration, journalStatus;

/* Ghosts. */
byte chainEnd[2];
byte finished, crashed;

#define IS_CURRENT (slot[at].isRegistered && slot[at].generation == generation)
#define HOLDS(s, ofName) (slot[s].isRegistered && slot[s].name == (ofName))
#define SEEN (HOLDS(0, X) -> 1 + slot[0].status : (HOLDS(1, X) -> 1 + slot[1].status : 0))

inline done() {
  d_step {
    if
    :: name == X -> updateReturned(me)
    :: else
    fi;
    name = X;
    kind = 0;
    ticket = 0;
    found = 0;
    n++;
    finished = finished + (n == operations)
  }
}

inline publishTail() {
  mailbox[me].record[mailbox[me].tail].kind = kind;
  mailbox[me].record[mailbox[me].tail].slot = at;
  mailbox[me].record[mailbox[me].tail].generation = generation;
  mailbox[me].record[mailbox[me].tail].name = name;
  mailbox[me].record[mailbox[me].tail].ticket = ticket;
  mailbox[me].tail++
}

proctype Producer(byte me; byte operations) {
  byte n, kind, name, ticket, found;
  bool isBound;
  byte at, generation, expected, lastStatus; /* of the reporter for x */
end:
  do
  :: atomic {
       n < operations ->
       if
       :: me == 0 -> kind = 2
       :: me == 0 && n > 0 -> kind = 3
       :: me == 1 -> kind = DEREGISTER
       :: me == 1 -> kind = REGISTER
       :: me == 1 -> kind = REGISTER; name = Y
       fi;
       d_step {
         if
         :: name == X -> updateInvoked(me, kind)
         :: else
         fi
       }
       if
       :: kind == REGISTER ->
          ticket = ticketCounter;
          ticketCounter++;
          goto publishRegister
       :: kind != REGISTER && !isBound -> goto bind
       :: kind != REGISTER && isBound && lastStatus != kind -> goto drawTicket
       :: else
       fi;
checkUnchanged:
       if
       :: slot[at].latestTicket == expected -> done(); goto end
       :: else -> goto drawTicket
       fi
     }

bind:
     atomic {
       isBound = false;
       lastStatus = 0;
       ticket = 0;
       if
       :: directory[X] == 0 -> done(); goto end /* not registered: ignored */
       :: else -> at = directory[X] - 1
       fi
     }
#ifdef BIND_LATE /* looks at the latest ticket after it has looked at the slot */
     atomic {
       if
       :: HOLDS(at, X) -> generation = slot[at].generation
       :: else -> done(); goto end
       fi
     }
     expected = slot[at].latestTicket;
     isBound = true;
#else
     expected = slot[at].latestTicket;
     atomic {
       if
       :: HOLDS(at, X) -> generation = slot[at].generation; isBound = true
       :: else -> done(); goto end
       fi
     }
#endif
drawTicket:
     atomic {
       ticket = ticketCounter;
       ticketCounter++;
       found = expected
     }
raiseLatest:
     atomic {
       if
       :: slot[at].latestTicket == found -> slot[at].latestTicket = ticket; goto raised
       :: else -> found = slot[at].latestTicket /* somebody else has spoken */
       fi
     }
#if !defined(NO_GENERATION_RECHECK) && !defined(RECHECK_LATE)
     atomic {
       if
       :: IS_CURRENT -> skip
       :: else -> goto bind
       fi
     }
#endif
     atomic {
       if
       :: found > ticket ->
          ticket = ticketCounter;
          ticketCounter++
       :: else
       fi;
       goto raiseLatest
     }
raised:
#ifdef RECHECK_LATE
     atomic {
       if
       :: found == expected || IS_CURRENT -> skip
       :: else ->
          assert(false); /* raised and never published: who keeps the metadata before it waits in vain */
          goto bind
       fi
     }
#endif
     atomic {
       publishTail();
       expected = ticket;
       lastStatus = kind;
       isBound = (kind != DEREGISTER);
       done();
       goto end
     }

publishRegister:
     atomic { publishTail() }
     atomic { mailbox[me].head == mailbox[me].tail -> done() } /* waitApplied */
  od
}

#define MAY_CRASH :: atomic { crashed < CRASHES -> crashed++; goto recover }
#define RECORD mailbox[who].record[mailbox[who].head]
#define TICKET(i) mailbox[i].record[mailbox[i].head].ticket
#ifdef NO_GENERATION_CHECK
#define IS_MINE (slot[RECORD.slot].isRegistered)
#else
#define IS_MINE (slot[RECORD.slot].isRegistered && slot[RECORD.slot].generation == RECORD.generation)
#endif

inline collectFirst(i) {
  limit[i] = mailbox[i].tail;
  if
  :: limit[i] != mailbox[i].head && mailbox[i].record[limit[i] - 1].ticket > newest ->
     newest = mailbox[i].record[limit[i] - 1].ticket
  :: else
  fi
}

inline pickSmallest() {
  who = NONE;
  if
  :: mailbox[0].head < limit[0] && TICKET(0) <= newest -> who = 0
  :: else
  fi;
  if
  :: mailbox[1].head < limit[1] && TICKET(1) <= newest && (who == NONE || TICKET(1) < TICKET(0)) -> who = 1
  :: else
  fi;
  if
  :: who == NONE ->
     newest = 0;
     who = 0;
     limit[0] = 0;
     limit[1] = 0;
     goto end
  :: who != NONE && RECORD.kind == REGISTER -> goto register
  :: who != NONE && RECORD.kind != REGISTER && !IS_MINE -> goto advanceHead /* ignored */
  :: who != NONE && RECORD.kind == DEREGISTER && IS_MINE -> goto deregister /* however late */
  :: else ->
     if
     :: RECORD.ticket <= slot[RECORD.slot].ticket -> goto advanceHead /* superseded, or met again */
     :: else
     fi
  fi
}

/* Whoever is bound to the slot must find that somebody else has spoken after him. */
inline expireReporters(ended) {
  do
  :: atomic { mark = ticketCounter; ticketCounter++ }
     if
     :: atomic {
          if
          :: slot[ended].latestTicket < mark -> slot[ended].latestTicket = mark; mark = 0; break
          :: else ->
#ifdef EXPIRE_ONCE
             mark = 0;
             break
#endif
          fi
        }
     MAY_CRASH
     fi
  MAY_CRASH
  od
}

proctype Manager() {
  byte limit[2], newest, who, s, mark;
end:
  atomic {
    mailbox[0].tail != mailbox[0].head || mailbox[1].tail != mailbox[1].head;
    collectFirst(0)
  }
  atomic { collectFirst(1) }
  atomic { limit[0] = mailbox[0].tail } /* collectSecond */
  atomic {
    limit[1] = mailbox[1].tail;
apply:
    pickSmallest();
    if
    :: RECORD.kind - 1 != slot[RECORD.slot].status -> /* journal */
       assert(chainEnd[RECORD.slot] == slot[RECORD.slot].status);
       chainEnd[RECORD.slot] = RECORD.kind - 1;
       journalTicket = RECORD.ticket;
       journalSlot = RECORD.slot;
       journalGeneration = slot[RECORD.slot].generation;
       journalStatus = RECORD.kind - 1
    :: RECORD.kind - 1 == slot[RECORD.slot].status
    MAY_CRASH
    fi
  }
commitSlot:
  if
  :: atomic {
       assert(slot[RECORD.slot].name == RECORD.name);
       slot[RECORD.slot].status = RECORD.kind - 1;
       slot[RECORD.slot].ticket = RECORD.ticket
     }
  MAY_CRASH
  fi;
advanceHead:
  if
  :: atomic {
       RECORD.kind = 0;
       RECORD.slot = 0;
       RECORD.generation = 0;
       RECORD.name = 0;
       RECORD.ticket = 0;
       mailbox[who].head++;
       goto apply
     }
  MAY_CRASH
  fi;

register:
  atomic {
    if
    :: HOLDS(0, RECORD.name) || HOLDS(1, RECORD.name) -> goto advanceHead
    :: !HOLDS(0, RECORD.name) && !HOLDS(1, RECORD.name) && !slot[0].isRegistered -> s = 0
    :: !HOLDS(0, RECORD.name) && !HOLDS(1, RECORD.name) && !slot[1].isRegistered -> s = 1
    fi
  }
#ifndef ENTER_LATE /* who finds the entry looks whether the slot holds the name */
  if
  :: atomic { directory[RECORD.name] = s + 1 }
  MAY_CRASH
  fi;
#endif
  if
  :: atomic {
       slot[s].isRegistered = true;
       slot[s].generation++;
       slot[s].name = RECORD.name;
       slot[s].status = 0;
       slot[s].ticket = RECORD.ticket;
       chainEnd[s] = 0;
#ifndef ENTER_LATE
       s = 0;
       goto advanceHead
#endif
     }
  MAY_CRASH
  fi;
#ifdef ENTER_LATE
  if
  :: atomic { directory[RECORD.name] = s + 1; s = 0; goto advanceHead }
  MAY_CRASH
  fi;
#endif

deregister:
  if
  :: atomic {
       slot[RECORD.slot].isRegistered = false;
       if
       :: RECORD.ticket > slot[RECORD.slot].ticket -> slot[RECORD.slot].ticket = RECORD.ticket
       :: else
       fi
     }
  MAY_CRASH
  fi;
#ifndef NO_EXPIRE
  expireReporters(RECORD.slot);
#endif
  if
  :: atomic {
       if
       :: directory[slot[RECORD.slot].name] == RECORD.slot + 1 -> directory[slot[RECORD.slot].name] = 0
       :: else
       fi;
       goto advanceHead
     }
  MAY_CRASH
  fi;

recover: /* redo, and the directory anew */
  atomic {
    newest = 0;
    who = 0;
    s = 0;
    mark = 0;
    limit[0] = 0;
    limit[1] = 0;
    if
    :: slot[journalSlot].isRegistered && slot[journalSlot].generation == journalGeneration &&
       journalTicket > slot[journalSlot].ticket ->
       slot[journalSlot].status = journalStatus;
       slot[journalSlot].ticket = journalTicket
    :: else
    fi;
    directory[X] = (HOLDS(0, X) -> 1 : (HOLDS(1, X) -> 2 : 0));
    directory[Y] = (HOLDS(0, Y) -> 1 : (HOLDS(1, Y) -> 2 : 0))
  }
#if !defined(NO_EXPIRE) && !defined(NO_EXPIRE_AGAIN) /* the old one may have died between commit and expireReporters */
  if
  :: !slot[0].isRegistered -> expireReporters(0)
  :: slot[0].isRegistered
  fi;
  if
  :: !slot[1].isRegistered -> expireReporters(1)
  :: slot[1].isRegistered
  fi;
#endif
  goto end
}

proctype Reader() {
  byte noted[2], n;
end:
  do
  :: d_step {
       n < READS ->
       readInvoked();
       noted[0] = mailbox[0].tail
     }
     noted[1] = mailbox[1].tail;
     d_step {
       mailbox[0].head >= noted[0] && mailbox[1].head >= noted[1] ->
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
  assert(ALLOWED(SEEN));
  assert(!slot[0].isRegistered || chainEnd[0] == slot[0].status);
  assert(!slot[1].isRegistered || chainEnd[1] == slot[1].status)
}

init {
  atomic {
    d_step {
      slot[0].isRegistered = true;
      slot[0].generation = 1;
      directory[X] = 1;
      monitorStart(1)
    }
    run Manager();
    run Producer(0, OPS0);
    run Producer(1, OPS1);
    run Reader();
    run End()
  }
}
