// What an observer costs whoever reports: the same updates, each a transition, with an observer that takes 50 ms for each
// and without any. Both sustained, until all are applied and journaled.
import { setTimeout as delay } from 'node:timers/promises'
import { type ComponentReporter, HealthManager, HealthStatus } from '../src/index.js'
import { COLLECTOR, check, MESSAGE, OTHER_MESSAGE } from './fixtures.js'
import { type Bench, type Environment, nowNs, type OpenBench, timedSubject } from './harness.js'

const { Healthy, Degraded } = HealthStatus
const OBSERVER_MS = 50
const MODULE = new URL('./slow-observer.js', import.meta.url)

/** Even, so that each sample begins with a change. */
function tell(reporter: ComponentReporter, count: number): void {
  for (let i = 0; i < count; i += 2) {
    reporter.update(Degraded, OTHER_MESSAGE)
    reporter.update(Healthy, MESSAGE)
  }
}

type Observed = 'function' | 'module' | 'nobody'

class Flips {
  readonly health: HealthManager
  readonly #reporter: ComponentReporter

  private constructor(health: HealthManager) {
    this.health = health
    this.#reporter = health.register(COLLECTOR)
  }

  static async start(observed: Observed): Promise<Flips> {
    // What the observer is behind by is not waited for in the end.
    const health = await HealthManager.start({ observerDrainMs: 0 })
    health.on('error', () => {})
    if (observed === 'function') {
      await health.setTransitionObserver(async () => {
        await delay(OBSERVER_MS)
      })
    } else if (observed === 'module') {
      await health.setTransitionObserver(MODULE)
    }
    const flips = new Flips(health)
    flips.#reporter.update(Healthy, MESSAGE)
    await health.flush()
    return flips
  }

  sustained(name: string, updates: number) {
    const run = async (count: number) => {
      const start = nowNs()
      tell(this.#reporter, count)
      await this.health.flush()
      return nowNs() - start
    }
    return timedSubject(name, 1, run, updates)
  }
}

async function open({ isQuick }: Environment, observed: Observed): Promise<OpenBench> {
  const updates = isQuick ? 50_000 : 500_000
  const flips = [
    await Flips.start(observed),
    await Flips.start(observed),
    await Flips.start('nobody'),
  ] as const
  return {
    ours: flips[0].sustained('observed', updates),
    again: flips[1].sustained('observed again', updates),
    peers: [flips[2].sustained('no observer', updates)],
    async close() {
      const { observer, transitions } = await flips[0].health.stats()
      await Promise.all(flips.map(({ health }) => health.stop()))
      check(observer.delivered > 0, 'the observer was told nothing')
      const { delivered, missed, lag } = observer
      check(delivered + missed + lag === transitions, `transitions=${transitions}`)
      return [`${delivered} told, ${missed} missed in ${observer.gaps} gaps, of ${transitions}`]
    },
  }
}

export const observedFlips: readonly Bench[] = [
  {
    name: 'observed-flips-function',
    title: `update, status changes, sustained, with an observer of ${OBSERVER_MS} ms on this loop`,
    unit: 'ns/op',
    isLong: true,
    samples: { full: 15, quick: 6 },
    open: (environment) => open(environment, 'function'),
  },
  {
    name: 'observed-flips-module',
    title: `the same with an observer of ${OBSERVER_MS} ms in the queue worker`,
    unit: 'ns/op',
    isLong: true,
    samples: { full: 15, quick: 6 },
    open: (environment) => open(environment, 'module'),
  },
]
