// One producer whose status changes with every update: each is a transition that has to be journaled.
import { type ComponentReporter, HealthManager, HealthStatus } from '../src/index.js'
import { COLLECTOR, check, DISTINCT_MESSAGES, MESSAGE, OTHER_MESSAGE } from './fixtures.js'
import {
  type Bench,
  type Environment,
  nowNs,
  type OpenBench,
  type Subject,
  timedSubject,
} from './harness.js'
import { ComlinkHealthManager } from './peers/comlink-manager.js'
import { PlainHealthManager } from './peers/plain-map.js'

/** Updates of one burst. The default mailbox of 256 KiB holds far more than twice as many. */
const BURST_UPDATES = 500
const TWO_MESSAGES = [MESSAGE, OTHER_MESSAGE]
const { Healthy, Degraded } = HealthStatus

/** Tells `count` changes. Every subject that runs in this process has such a loop of its own, as it would in a program. */
function tell(reporter: ComponentReporter, messages: readonly string[], count: number): void {
  const mask = messages.length - 1
  for (let i = 0; i < count; i++) {
    reporter.update((i & 1) === 0 ? Degraded : Healthy, messages[i & mask]!)
  }
}

class OurFlips {
  readonly health: HealthManager
  readonly reporter: ComponentReporter
  /** Counted to check in the end that each update was a transition. */
  told = 0

  constructor(health: HealthManager) {
    this.health = health
    this.reporter = health.register(COLLECTOR)
  }

  /** The timed part of a burst is the telling; the manager catches up in between. */
  bursts(name: string, minSampleMs: number): Subject {
    return timedSubject(name, minSampleMs, async (count) => {
      let elapsedNs = 0
      for (let left = count; left > 0; left -= BURST_UPDATES) {
        const burst = Math.min(left, BURST_UPDATES)
        const start = nowNs()
        tell(this.reporter, TWO_MESSAGES, burst)
        elapsedNs += nowNs() - start
        await this.settle(burst)
      }
      return elapsedNs
    })
  }

  /** The time ends when the last update is applied and journaled. */
  sustained(name: string, updates: number, messages: readonly string[]): Subject {
    const run = async (count: number) => {
      const start = nowNs()
      tell(this.reporter, messages, count)
      await this.health.flush()
      const elapsedNs = nowNs() - start
      await this.settle(count)
      return elapsedNs
    }
    return timedSubject(name, 1, run, updates)
  }

  /** Flushes, and after an odd count changes once more, so that the next first update is a change again. */
  private async settle(count: number): Promise<void> {
    this.told += count
    if (count % 2 === 1) {
      this.reporter.update(Healthy, MESSAGE)
      this.told += 1
    }
    await this.health.flush()
  }
}

function plainFlips(minSampleMs: number, messages: readonly string[]): Subject {
  const manager = new PlainHealthManager()
  let told = 0
  manager.observe(() => {
    told += 1
  })
  manager.register(COLLECTOR)
  const mask = messages.length - 1
  return timedSubject('plain map', minSampleMs, (count) => {
    const start = nowNs()
    for (let i = 0; i < count; i++) {
      manager.updateStatus(COLLECTOR, (i & 1) === 0 ? Degraded : Healthy, messages[i & mask]!)
    }
    const elapsedNs = nowNs() - start
    check(told >= count / 2, 'the plain map saw no transitions')
    return elapsedNs
  })
}

function comlinkFlips(
  { remote }: ComlinkHealthManager,
  minSampleMs: number,
  messages: readonly string[],
): Subject[] {
  const mask = messages.length - 1
  const flip = (i: number) =>
    remote.updateStatus(COLLECTOR, (i & 1) === 0 ? Degraded : Healthy, messages[i & mask]!)
  const awaited = timedSubject('comlink, awaited', minSampleMs, async (count) => {
    const start = nowNs()
    for (let i = 0; i < count; i++) await flip(i)
    return nowNs() - start
  })
  const pipelined = timedSubject('comlink, pipelined', minSampleMs, async (count) => {
    const start = nowNs()
    let last: Promise<void> | undefined
    for (let i = 0; i < count; i++) last = flip(i)
    await last
    return nowNs() - start
  })
  return [awaited, pipelined]
}

async function openFlips(
  { go, minSampleMs }: Environment,
  messages: readonly string[],
  subject: (name: string, flips: OurFlips) => Subject,
): Promise<OpenBench> {
  const flips = [
    new OurFlips(await HealthManager.start()),
    new OurFlips(await HealthManager.start()),
  ] as const
  const before = await flips[0].health.stats()
  const naive = new ComlinkHealthManager()
  await naive.remote.register(COLLECTOR)
  const goCommand = messages === DISTINCT_MESSAGES ? 'distinct' : 'flips'
  return {
    ours: subject('health-actor', flips[0]),
    again: subject('health-actor again', flips[1]),
    peers: [
      ...(go ? [go.subject(goCommand, minSampleMs)] : []),
      plainFlips(minSampleMs, messages),
      ...comlinkFlips(naive, minSampleMs, messages),
    ],
    async close() {
      const after = await flips[0].health.stats()
      await Promise.all([...flips.map(({ health }) => health.stop()), naive.stop()])
      const journaled = (after.transitions - before.transitions) >>> 0
      check(journaled === flips[0].told, `told=${flips[0].told} journaled=${journaled}`)
      return [
        `${journaled} transitions told and journaled; waits for room: ${after.waits - before.waits}`,
      ]
    },
  }
}

/** Of one sample: far more than the mailbox holds. */
const sustainedUpdates = (isQuick: boolean) => (isQuick ? 50_000 : 500_000)

export const oneProducerFlips: readonly Bench[] = [
  {
    name: 'flips-burst',
    title: `update, status changes, bursts of ${BURST_UPDATES} within the mailbox`,
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 1 },
    samples: { full: 25, quick: 8 },
    open: (environment) =>
      openFlips(environment, TWO_MESSAGES, (name, flips) =>
        flips.bursts(name, environment.minSampleMs),
      ),
  },
  {
    name: 'flips-sustained',
    title: 'update, status changes, sustained, applied and journaled',
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 3 },
    samples: { full: 15, quick: 6 },
    open: (environment) =>
      openFlips(environment, TWO_MESSAGES, (name, flips) =>
        flips.sustained(name, sustainedUpdates(environment.isQuick), TWO_MESSAGES),
      ),
  },
  {
    name: 'flips-sustained-distinct',
    title: 'the same with 4,096 messages in turn',
    unit: 'ns/op',
    samples: { full: 15, quick: 4 },
    open: (environment) =>
      openFlips(environment, DISTINCT_MESSAGES, (name, flips) =>
        flips.sustained(name, sustainedUpdates(environment.isQuick), DISTINCT_MESSAGES),
      ),
  },
]
