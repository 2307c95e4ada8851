// One producer says the same again: status, message and metadata are what it said last.
import { type ComponentReporter, HealthManager, HealthStatus } from '../src/index.js'
import { COLLECTOR, check, MESSAGE, METADATA } from './fixtures.js'
import { type Bench, nowNs, type OpenBench, type Subject, timedSubject } from './harness.js'
import { ComlinkHealthManager } from './peers/comlink-manager.js'
import { PlainHealthManager } from './peers/plain-map.js'

type Metadata = Readonly<Record<string, string>> | undefined

function throughReporter(
  name: string,
  reporter: ComponentReporter,
  metadata: Metadata,
  minSampleMs: number,
): Subject {
  return timedSubject(name, minSampleMs, (count) => {
    const start = nowNs()
    for (let i = 0; i < count; i++) reporter.update(HealthStatus.Healthy, MESSAGE, metadata)
    return nowNs() - start
  })
}

function byName(
  name: string,
  health: HealthManager,
  metadata: Metadata,
  minSampleMs: number,
): Subject {
  return timedSubject(name, minSampleMs, (count) => {
    const start = nowNs()
    for (let i = 0; i < count; i++) {
      health.updateStatus(COLLECTOR, HealthStatus.Healthy, MESSAGE, metadata)
    }
    return nowNs() - start
  })
}

function plainMap(metadata: Metadata, minSampleMs: number): Subject {
  const manager = new PlainHealthManager()
  manager.register(COLLECTOR)
  return timedSubject('plain map', minSampleMs, (count) => {
    const start = nowNs()
    for (let i = 0; i < count; i++) {
      manager.updateStatus(COLLECTOR, HealthStatus.Healthy, MESSAGE, metadata)
    }
    return nowNs() - start
  })
}

function comlink(
  { remote }: ComlinkHealthManager,
  metadata: Metadata,
  minSampleMs: number,
): Subject[] {
  const awaited = timedSubject('comlink, awaited', minSampleMs, async (count) => {
    const start = nowNs()
    for (let i = 0; i < count; i++) {
      await remote.updateStatus(COLLECTOR, HealthStatus.Healthy, MESSAGE, metadata)
    }
    return nowNs() - start
  })
  const pipelined = timedSubject('comlink, pipelined', minSampleMs, async (count) => {
    const start = nowNs()
    let last: Promise<void> | undefined
    for (let i = 0; i < count; i++) {
      last = remote.updateStatus(COLLECTOR, HealthStatus.Healthy, MESSAGE, metadata)
    }
    await last
    return nowNs() - start
  })
  return [awaited, pipelined]
}

function unchanged(
  name: string,
  title: string,
  factor: number,
  metadata: Metadata,
  isByName: boolean,
): Bench {
  return {
    name,
    title,
    unit: 'ns/op',
    target: { peer: 'go', relation: '<=', factor },
    isLong: isByName,
    samples: { full: 25, quick: 6 },
    async open({ go, minSampleMs }): Promise<OpenBench> {
      const managers = [await HealthManager.start(), await HealthManager.start()] as const
      const subject = (name: string, health: HealthManager) => {
        const reporter = health.register(COLLECTOR)
        reporter.update(HealthStatus.Healthy, MESSAGE, metadata)
        return isByName
          ? byName(name, health, metadata, minSampleMs)
          : throughReporter(name, reporter, metadata, minSampleMs)
      }
      const ours = subject('health-actor', managers[0])
      const again = subject('health-actor again', managers[1])
      await managers[0].flush()
      const before = await managers[0].stats()
      const naive = new ComlinkHealthManager()
      await naive.remote.register(COLLECTOR)
      const goCommand = metadata === undefined ? 'unchanged' : 'unchanged-metadata'
      return {
        ours,
        again,
        peers: [
          ...(go ? [go.subject(goCommand, minSampleMs)] : []),
          plainMap(metadata, minSampleMs),
          ...comlink(naive, metadata, minSampleMs),
        ],
        async close() {
          const { applied } = await managers[0].stats()
          await Promise.all([...managers.map((health) => health.stop()), naive.stop()])
          check(applied === before.applied, `applied=${applied - before.applied} for no change`)
          return []
        },
      }
    },
  }
}

export const unchangedUpdate: readonly Bench[] = [
  unchanged('unchanged-update', 'update, nothing changed (reporter.update)', 0.5, undefined, false),
  unchanged(
    'unchanged-update-by-name',
    'update, nothing changed (updateStatus by name)',
    0.5,
    undefined,
    true,
  ),
  unchanged(
    'unchanged-update-metadata',
    'update, nothing changed, 2 metadata keys (reporter.update)',
    0.25,
    METADATA,
    false,
  ),
  unchanged(
    'unchanged-update-metadata-by-name',
    'update, nothing changed, 2 metadata keys (updateStatus by name)',
    0.25,
    METADATA,
    true,
  ),
]
