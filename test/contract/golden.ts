// Golden cases of strings and bodies, from golden/*.json. Their JSON was written by Go 1.26's encoding/json from the
// struct of the reference § 2.3; each lone surrogate was given to it as one byte that is not UTF-8. Names and metadata
// are pairs there, so that `__proto__` is one like any other.
import { readFileSync } from 'node:fs'
import { HealthStatus, type HealthStatusName } from '../../src/model/health-status.js'
import type { Gate } from '../../src/model/policy.js'
import { compareUtf8 } from '../../src/model/report.js'
import { componentStatus, FakeReader } from '../fake-reader.js'
import { metadataOf } from '../property/support.js'

export interface GoldenString {
  readonly what: string
  readonly text: string
  readonly json: string
}

interface GoldenComponent {
  readonly name: string
  readonly status: HealthStatusName
  readonly message?: string
  readonly metadata?: [string, string][]
}

export interface GoldenVerdict {
  readonly what: string
  readonly path: string
  readonly components: readonly GoldenComponent[]
  readonly gate?: Partial<Gate>
  readonly status: 200 | 503
  readonly body: string
}

// Read where it lies in the source: the compiler copies no data.
const folder = new URL('../../../test/contract/golden/', import.meta.url)
const read = (file: string): unknown => JSON.parse(readFileSync(new URL(file, folder), 'utf8'))

export const goldenStrings = read('strings.json') as readonly GoldenString[]
export const goldenVerdicts = read('verdicts.json') as readonly GoldenVerdict[]

const statuses: Record<HealthStatusName, HealthStatus> = {
  unspecified: HealthStatus.Unspecified,
  healthy: HealthStatus.Healthy,
  degraded: HealthStatus.Degraded,
  unhealthy: HealthStatus.Unhealthy,
}

/** A reader of a case's components, in the order of reports, with the reference's policy. */
export function readerOf({ components, gate }: GoldenVerdict): FakeReader {
  const reader = new FakeReader()
  const sorted = components.toSorted((a, b) => compareUtf8(a.name, b.name))
  const report = sorted.map(({ name, status, message, metadata }) => {
    return [
      name,
      componentStatus([statuses[status], message ?? '', metadataOf(metadata ?? [])]),
    ] as const
  })
  return Object.assign(reader, {
    policy: { ...reader.policy, unregistered: 'fail' },
    report: new Map(report),
    gate: { ...reader.gate, ...gate },
  })
}
