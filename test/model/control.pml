/*
 * Control words: standby and a suppression, each set and cleared by two producers at a time, with a manager that may be
 * killed CRASHES times, a reader, and a watcher that does not wait for anything. No ticket of theirs is raised, nothing
 * of them is journaled, and saying the same again is published again.
 *
 * Checked: the history of both words, read together, is linearizable; and nobody ever sees a word go back to what an
 * earlier ticket had said; in the end everything is applied and nobody is stuck.
 *
 * Steps are as in ordering.pml. The words are one latch, as a slot is: they are read and committed in one step.
 */
#ifndef OPS0
#define OPS0 2 /* what the first producer says */
#endif
#ifndef OPS1
#define OPS1 1 /* what the second one says */
#endif
#define OPS 2 /* at most, of either */
#ifndef READS
#define READS 1
#endif
#ifndef CRASHES
#define CRASHES 1
#endif

/* The value: whether standby is set, and whether the suppression is. */
#define CODE (1 + 2 * word + value)
#define EFFECT(code, w) \
  ((code) == 1 -> LOW_CLEAR(w) : ((code) == 2 -> LOW_SET(w) : ((code) == 3 -> HIGH_CLEAR(w) : HIGH_SET(w))))
#define SEEN (wordValue[0] + 2 * wordValue[1])
#include "linearizable.inc"

#define NONE 2

/* Shared words. Ticket 0 means none. */
byte ticketCounter = 1;
byte wordValue[2], wordTicket[2];
typedef Record {
  byte ticket, word, value
};
typedef Mailbox {
  byte tail, head;
  Record record[OPS]
};
Mailbox mailbox[2];

/* Ghosts. */
byte finished, crashed;

proctype Producer(byte me; byte operations) {
  byte ticket, word, value, n;
end:
  do
  :: atomic {
       n < operations ->
       if
       :: word = 0
       :: word = 1
       fi;
       if
       :: value = 0
       :: value = 1
       fi;
       d_step {
         updateInvoked(me, CODE);
         ticket = ticketCounter; /* drawTicket */
         ticketCounter++
       }
     }
     d_step { /* publishTail */
       mailbox[me].record[n].ticket = ticket;
       mailbox[me].record[n].word = word;
       mailbox[me].record[n].value = value;
       mailbox[me].tail++;
       n++;
       finished = finished + (n == operations);
       ticket = 0;
       word = 0;
       value = 0;
       updateReturned(me)
     }
  od
}

#define MAY_CRASH :: atomic { crashed < CRASHES -> crashed++; goto recover }
#define TICKET(i) mailbox[i].record[mailbox[i].head].ticket
#define RECORD mailbox[who].record[mailbox[who].head]

#ifdef NO_CONTROL_LATEST
#define NOT_NEWER (RECORD.ticket == wordTicket[RECORD.word])
#else
#define NOT_NEWER (RECORD.ticket <= wordTicket[RECORD.word])
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
  :: who != NONE && NOT_NEWER -> goto advanceHead /* superseded, or met again */
  :: else
  fi
}

proctype Manager() {
  byte limit[2], newest, who;
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
    pickSmallest()
  }
  if /* commit */
  :: atomic {
       wordValue[RECORD.word] = RECORD.value;
       wordTicket[RECORD.word] = RECORD.ticket
     }
  MAY_CRASH
  fi;
advanceHead:
  if
  :: atomic {
       RECORD.ticket = 0;
       RECORD.word = 0;
       RECORD.value = 0;
       mailbox[who].head++;
       goto apply
     }
  MAY_CRASH
  fi;
recover:
  atomic {
    newest = 0;
    who = 0;
    limit[0] = 0;
    limit[1] = 0;
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
       mailbox[0].head >= noted[0] && mailbox[1].head >= noted[1] -> /* waitApplied */
       readReturned(SEEN);
       noted[0] = 0;
       noted[1] = 0;
       n++;
       finished = finished + (n == READS)
     }
  od
}

proctype Watcher() {
  byte seenTicket;
  seenTicket = wordTicket[0];
  assert(wordTicket[0] >= seenTicket) /* no word goes back */
}

/* When nothing can move any more. */
proctype End() {
  timeout;
  assert(finished == 2 + (READS > 0)); /* nobody is stuck */
  assert(mailbox[0].tail == mailbox[0].head && mailbox[1].tail == mailbox[1].head);
  assert(ALLOWED(SEEN)) /* nothing that was accepted is lost */
}

init {
  atomic {
    d_step { monitorStart(0) }
    run Manager();
    run Producer(0, OPS0);
    run Producer(1, OPS1);
    run Reader();
    run Watcher();
    run End()
  }
}
