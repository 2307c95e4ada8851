// From updateStatus() in an idle runtime until another thread sees it: a reader that asks without pause, and a
// probe client that sends GET /healthz without pause. The second one includes the request that was on its way.
import { setTimeout as delay } from 'node:timers/promises'
import { checkBodies, fetchBody } from './bodies.js'
import { check } from './fixtures.js'
import {
  type Bench,
  type Environment,
  nowNs,
  type OpenBench,
  prepared,
  type Subject,
} from './harness.js'
import { BareWake } from './peers/bare-wake.js'
import type { GoPeer } from './peers/go.js'
import type { Skipped } from './server-process.js'
import { startComlink, startGoHttp, startOurs, startPlainHttp, type Through } from './tellers.js'
import { GIVE_UP_MS, IDLE_MS, type Teller, WARM_UP_CHANGES, Watched } from './watched.js'

/** A subject whose sample is one event of so many µs. */
function eventSubject(name: string, measure: () => Promise<number>): Subject {
  return {
    name,
    async warmUp() {
      for (let i = 0; i < WARM_UP_CHANGES; i++) await measure()
    },
    sample: measure,
  }
}

/** The least that a parked manager can take: from the ring until a thread that waits as it does runs again. */
function bareWake(thread: BareWake): Subject {
  return eventSubject('bare wake', async () => {
    await delay(IDLE_MS)
    const start = nowNs()
    const wokenNs = thread.wake(GIVE_UP_MS)
    check(wokenNs !== undefined, 'the thread never woke')
    return (wokenNs - start) / 1000
  })
}

/** Two goroutines of the Go program, which waits, updates, looks and keeps the time by itself. */
function goroutines(go: GoPeer): Subject {
  return eventSubject('go', async () => {
    const { operations, nanoseconds } = await go.ask('visible 1')
    check(operations === 1 && nanoseconds !== undefined, 'the go peer saw no change')
    return nanoseconds / 1000
  })
}

function isTeller(started: Teller | Skipped): started is Teller {
  return 'tell' in started
}

/** A reader for each of the tellers, the first two of whom are ours. `others` time themselves. */
async function open(
  tellers: readonly Teller[],
  others: readonly Subject[],
  missing: Pick<OpenBench, 'skipped' | 'unable'>,
): Promise<OpenBench> {
  const watched = tellers.map((teller) => new Watched(teller))
  const [ours, again, ...peers] = watched as [Watched, Watched, ...Watched[]]
  const thread = await BareWake.start()
  return {
    ours,
    again,
    peers: [...others, ...peers, bareWake(thread)],
    ...missing,
    async close() {
      await thread.stop()
      for (const each of watched) await each.stop()
      return []
    },
  }
}

async function startBoth(through: Through): Promise<Teller[]> {
  return [await startOurs('health-actor', through), await startOurs('health-actor again', through)]
}

async function openThreads({ go, goSkipped }: Environment): Promise<OpenBench> {
  const tellers = [...(await startBoth('thread')), await startComlink('thread')]
  return open(tellers, go === undefined ? [] : [goroutines(go)], {
    skipped: goSkipped,
    unable: [{ name: 'plain map', why: 'nothing to measure: no other thread can read it' }],
  })
}

async function openHttp({ go, goSkipped }: Environment): Promise<OpenBench> {
  const ours = await startBoth('http')
  const goHttp = go === undefined ? goSkipped : [await startGoHttp(go)]
  const tellers = [
    ...ours,
    ...goHttp.filter(isTeller),
    await startPlainHttp(),
    await startComlink('http'),
  ]
  const skipped = goHttp.filter((peer): peer is Skipped => !isTeller(peer))
  const bench = await open(tellers, [], { skipped })
  return prepared(bench, async () => {
    await checkVerdict(tellers, true)
    await checkVerdict(tellers, false)
  })
}

/** All answer the same, whatever they are told. */
async function checkVerdict(tellers: readonly Teller[], isUnhealthy: boolean): Promise<void> {
  for (const teller of tellers) {
    await teller.tell(isUnhealthy)
    await teller.settle?.()
  }
  await checkBodies(
    tellers.map(({ name, where }) => {
      check('port' in where, `${name} does not answer through HTTP`)
      return { name, body: () => fetchBody(where.port, '/healthz') }
    }),
  )
}

export const visibility: readonly Bench[] = [
  {
    name: 'visible-to-reader',
    title: 'visible to a probe thread after an idle update',
    unit: 'µs',
    target: { p50AtMost: 50, p99AtMost: 1000 },
    isOfEvents: true,
    samples: { full: 500, quick: 40 },
    open: openThreads,
  },
  {
    name: 'visible-through-http',
    title: 'visible in GET /healthz after an idle update',
    unit: 'µs',
    isLong: true,
    isOfEvents: true,
    samples: { full: 500, quick: 50 },
    open: openHttp,
  },
]
