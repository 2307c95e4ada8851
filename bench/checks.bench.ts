// Verdicts asked in the thread that embeds the runtime: liveness while nothing changes, and readiness with its
// report where 1 % of the components changed since the last time.
import { type HealthManager, HealthStatus } from '../src/index.js'
import { changeOf, check, componentNames, fill, startFilled } from './fixtures.js'
import { type Bench, nowNs, type OpenBench, type Subject, timedSubject } from './harness.js'
import { ComlinkHealthManager } from './peers/comlink-manager.js'
import { PlainHealthManager } from './peers/plain-map.js'

const FEW = componentNames(10)
const MANY = componentNames(1000)
const CHANGED = 10

/** Components that the `turn`-th change is about. */
function changedNames(turn: number): string[] {
  return Array.from({ length: CHANGED }, (_, k) => MANY[(turn * CHANGED + k) % MANY.length]!)
}

function ourLiveness(name: string, health: HealthManager, minSampleMs: number): Subject {
  return timedSubject(name, minSampleMs, (count) => {
    let failed = 0
    const start = nowNs()
    for (let i = 0; i < count; i++) if (health.livenessCheck() !== undefined) failed += 1
    const elapsedNs = nowNs() - start
    check(failed === 0, 'liveness failed')
    return elapsedNs
  })
}

function plainLiveness(minSampleMs: number): Subject {
  const manager = new PlainHealthManager()
  fill(manager, FEW)
  return timedSubject('plain map', minSampleMs, (count) => {
    let failed = 0
    const start = nowNs()
    for (let i = 0; i < count; i++) if (manager.livenessCheck() !== undefined) failed += 1
    const elapsedNs = nowNs() - start
    check(failed === 0, 'liveness failed')
    return elapsedNs
  })
}

async function startComlink(names: readonly string[]): Promise<ComlinkHealthManager> {
  const naive = new ComlinkHealthManager()
  for (const name of names) {
    await naive.remote.register(name)
    const { message, metadata } = changeOf(0)
    await naive.remote.updateStatus(name, HealthStatus.Healthy, message, metadata)
  }
  return naive
}

/** Only the check is timed: the changes before it are told and applied by then. */
function ourReadiness(name: string, health: HealthManager, minSampleMs: number): Subject {
  let turn = 0
  return timedSubject(name, minSampleMs, async (count) => {
    let elapsedNs = 0
    for (let i = 0; i < count; i++) {
      turn += 1
      const { message, metadata } = changeOf(turn)
      const names = changedNames(turn)
      for (const changed of names) {
        health.updateStatus(changed, HealthStatus.Healthy, message, metadata)
      }
      await health.flush()
      const start = nowNs()
      const { report, error } = health.checkReadiness()
      elapsedNs += nowNs() - start
      check(error === undefined && report.size === MANY.length, 'readiness failed')
      check(report.get(names[0]!)?.message === message, 'the report misses a change')
    }
    return elapsedNs
  })
}

function plainReadiness(minSampleMs: number): Subject {
  const manager = new PlainHealthManager()
  fill(manager, MANY)
  let turn = 0
  return timedSubject('plain map', minSampleMs, (count) => {
    let elapsedNs = 0
    for (let i = 0; i < count; i++) {
      turn += 1
      const { message, metadata } = changeOf(turn)
      for (const changed of changedNames(turn)) {
        manager.updateStatus(changed, HealthStatus.Healthy, message, metadata)
      }
      const start = nowNs()
      const { report, error } = manager.checkReadiness()
      elapsedNs += nowNs() - start
      check(error === undefined && report.size === MANY.length, 'readiness failed')
    }
    return elapsedNs
  })
}

function comlinkReadiness({ remote }: ComlinkHealthManager, minSampleMs: number): Subject {
  let turn = 0
  return timedSubject('comlink, awaited', minSampleMs, async (count) => {
    let elapsedNs = 0
    for (let i = 0; i < count; i++) {
      turn += 1
      const { message, metadata } = changeOf(turn)
      for (const changed of changedNames(turn)) {
        await remote.updateStatus(changed, HealthStatus.Healthy, message, metadata)
      }
      const start = nowNs()
      const { report, error } = await remote.checkReadiness()
      elapsedNs += nowNs() - start
      check(error === undefined && report.size === MANY.length, 'readiness failed')
    }
    return elapsedNs
  })
}

export const checks: readonly Bench[] = [
  {
    name: 'liveness-check',
    title: 'livenessCheck()',
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 2 },
    samples: { full: 25, quick: 8 },
    async open({ go, minSampleMs }): Promise<OpenBench> {
      const managers = [await startFilled(FEW.length), await startFilled(FEW.length)] as const
      const naive = await startComlink(FEW)
      return {
        ours: ourLiveness('health-actor', managers[0], minSampleMs),
        again: ourLiveness('health-actor again', managers[1], minSampleMs),
        peers: [
          ...(go ? [go.subject('liveness', minSampleMs)] : []),
          plainLiveness(minSampleMs),
          timedSubject('comlink, awaited', minSampleMs, async (count) => {
            const start = nowNs()
            for (let i = 0; i < count; i++) await naive.remote.livenessCheck()
            return nowNs() - start
          }),
        ],
        async close() {
          await Promise.all([...managers.map((health) => health.stop()), naive.stop()])
          return []
        },
      }
    },
  },
  {
    name: 'readiness-report',
    title: 'checkReadiness() with report, 1,000 components, 1 % changed since',
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor: 0.2 },
    samples: { full: 20, quick: 6 },
    async open({ go, minSampleMs }): Promise<OpenBench> {
      const managers = [await startFilled(MANY.length), await startFilled(MANY.length)] as const
      const naive = await startComlink(MANY)
      return {
        ours: ourReadiness('health-actor', managers[0], minSampleMs),
        again: ourReadiness('health-actor again', managers[1], minSampleMs),
        peers: [
          ...(go ? [go.subject('readiness', minSampleMs)] : []),
          plainReadiness(minSampleMs),
          comlinkReadiness(naive, minSampleMs),
        ],
        async close() {
          const { staleReads } = await managers[0].stats()
          await Promise.all([...managers.map((health) => health.stop()), naive.stop()])
          check(staleReads === 0, `staleReads=${staleReads}`)
          return []
        },
      }
    },
  },
]
