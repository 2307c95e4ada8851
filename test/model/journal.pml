/*
 * The journal as its readers see it: a ring of RECORDS transitions in CAPACITY places, written by a manager that may
 * be killed CRASHES times, and followed by one reader with a cursor of its own. Record n has two words, both n.
 *
 * Checked: the reader is given every record once, whole and in order, or is told how many it has missed; it always
 * gets to the end. Each access to a shared word is a step.
 */
#ifndef RECORDS
#define RECORDS 5
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#define CAPACITY 2

/* Shared words. */
byte tail, oldest;
byte first[CAPACITY], second[CAPACITY];

/* Ghosts. */
byte crashed;
bool readerDone;

#define MAY_CRASH :: atomic { crashed < CRASHES -> crashed++; goto end }

proctype Manager() {
end:
  do
  :: tail < RECORDS ->
#ifndef NO_OLDEST_FIRST
     if
     :: atomic { tail - oldest == CAPACITY -> oldest++ }
     :: atomic { tail - oldest < CAPACITY -> skip }
     MAY_CRASH
     fi;
#endif
     if
     :: first[tail % CAPACITY] = tail + 1
     MAY_CRASH
     fi;
     if
     :: second[tail % CAPACITY] = tail + 1
     MAY_CRASH
     fi;
#ifdef NO_OLDEST_FIRST
     if
     :: atomic { tail + 1 - oldest > CAPACITY -> oldest++ }
     :: atomic { tail + 1 - oldest <= CAPACITY -> skip }
     MAY_CRASH
     fi;
#endif
     if
     :: tail++
     MAY_CRASH
     fi
  od
}

/* Moves the cursor over what was overwritten. */
inline gap() {
  if
  :: atomic {
       oldest > cursor ->
       accounted = accounted + oldest - cursor;
       cursor = oldest;
       one = 0;
       two = 0;
       goto again
     }
  :: atomic { oldest <= cursor -> skip }
  fi
}

proctype Reader() {
  byte cursor, one, two, accounted;
again:
  if
  :: atomic { cursor == RECORDS -> goto done }
  :: atomic { cursor < RECORDS && tail > cursor -> skip }
  fi;
  gap();
  one = first[cursor % CAPACITY];
  two = second[cursor % CAPACITY];
#ifndef NO_GAP_CHECK
  gap();
#endif
  atomic {
    assert(one == cursor + 1 && two == cursor + 1);
    accounted++;
    cursor++;
    one = 0;
    two = 0;
    goto again
  }
done:
  assert(accounted == RECORDS);
  readerDone = true
}

/* When nothing can move any more. */
proctype End() {
  timeout;
  assert(readerDone && tail == RECORDS)
}

init {
  atomic {
    run Manager();
    run Reader();
    run End()
  }
}
