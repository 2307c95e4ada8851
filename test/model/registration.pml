/*
 * Registration: slots that are used again, generations, the directory, reporters that are bound to a slot, and what they
 * do where a registration is gone or going. One producer updates component x and deregisters component y, by name; the
 * other one deregisters x and registers x and y, in any order, so that both names come to lie in either slot. A manager
 * that may be killed CRASHES times, at any step, and a reader of both names. With BOTH y is registered at first, too.
 * With THIRD there is a thread that is killed as it deregisters an earlier registration of x.
 *
 * Checked: the history of registrations, deregistrations, updates and reads of both names is linearizable, where an
 * update of a name that is not registered does nothing; no record for x ever changes y; the journal of each
 * registration is a chain that ends at the slot; nobody is stuck, and no update that keeps metadata waits for ever.
 *
 * Steps are as in ordering.pml. A look into the directory and the check of the slot that it names (DirectoryReader.find,
 * Reporter.bind) are two steps. The reader reads both names at one instant: the table sequence, see snapshot.pml, makes
 * it so. All updates set the one status there is, with the same message as before or another one, and keep metadata.
 */
#ifndef OPS0
#define OPS0 2 /* what the first producer does */
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

/* With SCRIPT the first producer updates x, deregisters y and updates x, with RIVAL deregisters x (OPS0=2: without the first
 * of these), beside a deregistration and a registration of x. It has a reporter for x from the beginning, or (but for OPS0=3) has not. */
#if defined(SCRIPT) && OPS0 == 3
#define ALWAYS_BOUND true
#else
#define ALWAYS_BOUND false
#endif

#ifdef RIVAL
#define LAST DEREGISTER
#else
#define LAST UPDATE
#endif

/* What is told: its kind, and 3 more if it is of y. */
#define REGISTER 1
#define UPDATE 2
#define DEREGISTER 3
#define OF_Y 3
#define KIND(code) ((code) > OF_Y -> (code) - OF_Y : (code))
#define NAME(code) ((code) > OF_Y -> Y : X)

/* The value: x is not registered (0), unspecified (1) or updated (2), and 3 more if y is registered. */
#define VALUES 6
#define X0 2396745
#define X1 4793490
#define X2 9586980
#define Y0 1864135
#define Y1 14913080
#define EFFECT(code, w) \
  ((code) == REGISTER -> (((w) & X0) << 1) | ((w) & (X1 | X2)) : \
  ((code) == UPDATE -> ((w) & (X0 | X2)) | (((w) & X1) << 1) : \
  ((code) == DEREGISTER -> ((w) & X0) | (((w) & X1) >> 1) | (((w) & X2) >> 2) : \
  ((code) == OF_Y + REGISTER -> (((w) & Y0) << 3) | ((w) & Y1) : \
  ((w) & Y0) | (((w) & Y1) >> 3)))))
#include "linearizable.inc"

#define X 0
#define Y 1
#define NONE 2

#ifdef THIRD
#define FIRST 2
#else
#define FIRST 1
#endif

/* Shared words. Ticket 0 means none. */
byte ticketCounter = 1;
typedef Slot {
  bool isRegistered, name, status;
  byte generation, ticket; /* the valid copy */
  byte latestTicket;
  byte ending /* the latest generation whose deregistration was begun */
};
Slot slot[2];
byte directory[2]; /* slot + 1 of each name */
typedef Record {
  byte code, slot, generation, ticket, previous
};
typedef Mailbox {
  byte tail, head;
  Record record[OPS]
};
Mailbox mailbox[2];
byte journalTicket, journalSlot, journalGeneration;

/* Ghosts. */
byte chainEnd[2];
byte finished, crashed;

#define IS_REGISTERED_AS(s, g) (slot[s].isRegistered && slot[s].generation == (g))
#define HOLDS(s, ofName) (slot[s].isRegistered && slot[s].name == (ofName))
#define SEEN \
  ((HOLDS(0, X) -> 1 + slot[0].status : (HOLDS(1, X) -> 1 + slot[1].status : 0)) + \
  (HOLDS(0, Y) || HOLDS(1, Y) -> 3 : 0))
#ifdef NO_ENDING
#define IS_ENDING(s, g) (false)
#else
#define IS_ENDING(s, g) (slot[s].ending == (g))
#endif
#ifdef ENDING_BACK /* whoever began last, through whatever binding */
#define RAISE_ENDING(s, g) slot[s].ending = (g)
#else
#define RAISE_ENDING(s, g) slot[s].ending = (slot[s].ending > (g) -> slot[s].ending : (g))
#endif

/* The reporter for the name that is spoken of. */
#define AT at[name]
#define GENERATION generation[name]
#define EXPECTED expected[name]
#define IS_CURRENT IS_REGISTERED_AS(AT, GENERATION)

inline unbind() {
  isBound = isBound && name != X;
  hasSaid = hasSaid && name != X;
  AT = 0;
  GENERATION = 0;
  EXPECTED = 0
}

inline done() {
  d_step {
    updateReturned(me);
    if
    :: !isBound || name == Y -> unbind()
    :: else
    fi;
    name = X;
    code = 0;
    ticket = 0;
    found = 0;
    isSettled = false;
    n++;
    finished = finished + (n == operations)
  }
}

inline publishTail() {
  mailbox[me].record[mailbox[me].tail].code = code;
  mailbox[me].record[mailbox[me].tail].slot = AT;
  mailbox[me].record[mailbox[me].tail].generation = GENERATION;
  mailbox[me].record[mailbox[me].tail].ticket = ticket;
  mailbox[me].record[mailbox[me].tail].previous = found;
  mailbox[me].tail++
}

proctype Producer(byte me; byte operations) {
  byte n, code, name, ticket, found;
  bool isSettled;
  byte at[2], generation[2], expected[2]; /* of its reporters */
  bool isBound, hasSaid; /* of the one for x; the other one is bound for each operation */
  atomic {
    if
    :: me == 0 -> isBound = true; generation[X] = FIRST /* by a beat */
    :: me == 1 || !ALWAYS_BOUND
    fi
  }
end:
  do
  :: atomic {
       n < operations ->
#ifdef SCRIPT
       code = (me == 0 -> (operations - n == 2 -> OF_Y + DEREGISTER : (operations - n == 1 -> LAST : UPDATE)) :
         (n == 0 -> DEREGISTER : REGISTER));
#else
       if
       :: me == 0 -> code = UPDATE
       :: me == 0 -> code = OF_Y + DEREGISTER
#ifdef RIVAL
       :: me == 0 -> code = DEREGISTER
#endif
       :: me == 1 -> code = DEREGISTER
       :: me == 1 -> code = REGISTER
       :: me == 1 -> code = OF_Y + REGISTER
       fi;
#endif
       d_step {
         name = NAME(code);
         updateInvoked(me, code)
       }
       if
       :: KIND(code) == REGISTER ->
          ticket = ticketCounter;
          ticketCounter++;
          goto publishRegistration
       :: KIND(code) != REGISTER && (name == Y || !isBound) -> goto bind
       :: KIND(code) != REGISTER && name == X && isBound -> goto drawTicket /* with another message */
       :: code == UPDATE && hasSaid && slot[AT].latestTicket == EXPECTED -> done(); goto end /* checkUnchanged */
       fi
     }

settle:
#ifdef NO_SETTLE
     atomic {
       isSettled = true;
       found = 0;
       ticket = 0;
#else
     atomic { /* noteTails */
       found = mailbox[1 - me].tail;
       ticket = 0
     }
     atomic { /* waitApplied */
       mailbox[me].head == mailbox[me].tail && mailbox[1 - me].head >= found;
       found = 0;
       isSettled = true
#endif
bind:
       if
       :: directory[name] == 0 && isSettled -> unbind(); done(); goto end /* not registered: ignored */
       :: directory[name] == 0 && !isSettled -> goto settle
       :: else -> AT = directory[name] - 1
       fi
     }
#ifndef BIND_LATE
     EXPECTED = slot[AT].latestTicket;
#endif
     atomic {
       if
       :: HOLDS(AT, name) -> GENERATION = slot[AT].generation
       :: !HOLDS(AT, name) && isSettled -> unbind(); done(); goto end
       :: !HOLDS(AT, name) && !isSettled -> goto settle
       fi
     }
#ifdef BIND_LATE /* looks at the latest ticket after it has looked at the slot */
     EXPECTED = slot[AT].latestTicket;
#endif
#ifndef NO_ENDING_AT_BIND
     atomic {
       if
       :: IS_ENDING(AT, GENERATION) && !isSettled -> goto settle
       :: else
       fi
     }
#endif
drawTicket:
     if
     :: atomic {
          KIND(code) == DEREGISTER;
#ifndef END_UNSETTLED
          if
          :: IS_ENDING(AT, GENERATION) && !isSettled -> goto settle
          :: else
          fi
#endif
        }
        atomic {
          RAISE_ENDING(AT, GENERATION);
          isSettled = true /* whoever marks it from here on does so at the same time */
        }
     :: atomic { KIND(code) != DEREGISTER }
     fi;
     atomic {
       ticket = ticketCounter;
       ticketCounter++;
       found = EXPECTED
     }
raiseLatest:
     atomic {
#ifdef DEREGISTER_UNRAISED
       if
       :: KIND(code) == DEREGISTER -> goto raised
       :: else
       fi;
#endif
       if
       :: slot[AT].latestTicket == found -> slot[AT].latestTicket = ticket; goto raised
       :: else -> found = slot[AT].latestTicket /* somebody else has spoken */
       fi
     }
#if !defined(NO_GENERATION_RECHECK) && !defined(RECHECK_LATE)
     atomic {
       if
       :: IS_CURRENT -> skip
       :: else -> goto settle
       fi
     }
#endif
     atomic {
       if
       :: IS_ENDING(AT, GENERATION) && !isSettled -> goto settle
       :: else
       fi
     }
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
#ifdef RECHECK_LATE /* raised and never published: who keeps the metadata before it waits in vain */
     atomic {
       if
       :: found == EXPECTED || IS_CURRENT -> skip
       :: else -> goto settle
       fi
     }
#endif
     atomic {
       publishTail();
       EXPECTED = ticket;
       if
       :: code == UPDATE -> isBound = true; hasSaid = true
       :: else -> unbind()
       fi;
       if
       :: !isSettled || code != UPDATE -> done(); goto end
       :: else
       fi
     }
     atomic {
#ifndef KEEP_ENDING
       if
       :: IS_ENDING(AT, GENERATION) -> unbind()
       :: else
       fi;
#endif
       done();
       goto end
     }

publishRegistration:
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
#define IS_MINE IS_REGISTERED_AS(RECORD.slot, RECORD.generation)
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
  :: who != NONE && KIND(RECORD.code) == REGISTER -> goto register
  :: who != NONE && KIND(RECORD.code) != REGISTER && !IS_MINE -> goto advanceHead /* ignored */
  :: who != NONE && KIND(RECORD.code) == DEREGISTER && IS_MINE -> goto deregister /* however late */
  :: else ->
     if
     :: RECORD.ticket <= slot[RECORD.slot].ticket -> goto advanceHead /* superseded, or met again */
     :: RECORD.ticket > slot[RECORD.slot].ticket && RECORD.previous > slot[RECORD.slot].ticket -> goto waiting
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
          :: slot[ended].latestTicket < mark -> slot[ended].latestTicket = mark; break
          :: else
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
collect:
    collectFirst(0)
  }
  atomic { collectFirst(1) }
  atomic { limit[0] = mailbox[0].tail } /* collectSecond */
  atomic {
    limit[1] = mailbox[1].tail;
apply:
    pickSmallest();
    if
    :: !slot[RECORD.slot].status -> /* journal */
       assert(chainEnd[RECORD.slot] == 0);
       chainEnd[RECORD.slot] = 1
#if CRASHES > 0
       ;
       journalTicket = RECORD.ticket;
       journalSlot = RECORD.slot;
       journalGeneration = slot[RECORD.slot].generation
#endif
    :: slot[RECORD.slot].status
    MAY_CRASH
    fi
  }
commitSlot:
  if
  :: atomic {
       assert(slot[RECORD.slot].name == NAME(RECORD.code));
       slot[RECORD.slot].status = 1;
       slot[RECORD.slot].ticket = RECORD.ticket
     }
  MAY_CRASH
  fi;
advanceHead:
  if
  :: atomic {
       RECORD.code = 0;
       RECORD.slot = 0;
       RECORD.generation = 0;
       RECORD.ticket = 0;
       RECORD.previous = 0;
       mailbox[who].head++;
       goto apply
     }
  MAY_CRASH
  fi;

waiting: /* for the update before it, which is raised and so about to be published */
  atomic {
    mailbox[0].tail != limit[0] || mailbox[1].tail != limit[1];
    newest = 0;
    who = 0;
    limit[0] = 0;
    limit[1] = 0;
    goto collect
  }

register:
  atomic {
    if
    :: HOLDS(0, NAME(RECORD.code)) || HOLDS(1, NAME(RECORD.code)) -> goto advanceHead
    :: !HOLDS(0, NAME(RECORD.code)) && !HOLDS(1, NAME(RECORD.code)) && !slot[0].isRegistered -> s = 0
    :: !HOLDS(0, NAME(RECORD.code)) && !HOLDS(1, NAME(RECORD.code)) && !slot[1].isRegistered -> s = 1
    fi
  }
#ifndef STAMP_RECORD
  expireReporters(s);
#endif
#ifndef ENTER_LATE /* who finds the entry looks whether the slot holds the name */
  if
  :: atomic { directory[NAME(RECORD.code)] = s + 1 }
  MAY_CRASH
  fi;
#endif
  if /* commitSlot */
  :: atomic {
       slot[s].isRegistered = true;
       slot[s].generation++;
       slot[s].name = NAME(RECORD.code);
       slot[s].status = 0;
#ifdef STAMP_RECORD /* instead of a ticket that is drawn now */
       slot[s].ticket = RECORD.ticket;
#else
       slot[s].ticket = mark;
       mark = 0;
#endif
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
  :: atomic { directory[NAME(RECORD.code)] = s + 1; s = 0; goto advanceHead }
  MAY_CRASH
  fi;
#endif

deregister:
  if /* commitSlot */
  :: atomic {
       slot[RECORD.slot].isRegistered = false;
       slot[RECORD.slot].status = 0;
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
       mark = 0;
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
    :: IS_REGISTERED_AS(journalSlot, journalGeneration) && journalTicket > slot[journalSlot].ticket ->
       slot[journalSlot].status = 1;
       slot[journalSlot].ticket = journalTicket
    :: else
    fi;
    directory[X] = (HOLDS(0, X) -> 1 : (HOLDS(1, X) -> 2 : 0));
    directory[Y] = (HOLDS(0, Y) -> 1 : (HOLDS(1, Y) -> 2 : 0))
  }
#ifndef NO_EXPIRE /* the old one may have died between commit and expireReporters */
  if
  :: !slot[0].isRegistered -> expireReporters(0)
  :: slot[0].isRegistered
  fi;
  if
  :: !slot[1].isRegistered -> expireReporters(1)
  :: slot[1].isRegistered
  fi;
  mark = 0;
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

#ifdef THIRD
proctype Third() {
  RAISE_ENDING(0, 1)
}
#endif

init {
  atomic {
    d_step {
      slot[0].isRegistered = true;
      slot[0].generation = FIRST;
      directory[X] = 1;
#ifdef BOTH
      slot[1].isRegistered = true;
      slot[1].generation = 1;
      slot[1].name = Y;
      directory[Y] = 2;
      monitorStart(4)
#else
      monitorStart(1)
#endif
    }
    run Manager();
    run Producer(0, OPS0);
    run Producer(1, OPS1);
    run Reader();
#ifdef THIRD
    run Third();
#endif
    run End()
  }
}
