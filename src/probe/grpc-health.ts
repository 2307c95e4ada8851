// Check and List: what the gRPC health service says at this moment. Knows nothing of gRPC; runs in the gRPC actor's
// thread, or in-process in tests.
import { HealthError } from '../model/errors.js'
import { healthStatusName } from '../model/health-status.js'
import { judgeLiveness, judgeReadiness, type Policy } from '../model/policy.js'
import type { Look } from '../runtime/health-reader.js'
import {
  componentService,
  HIDDEN,
  ServingStatus,
  servingComponent,
  servingVerdict,
  type Target,
  targetOf,
  VERDICT_SERVICES,
  type VerdictName,
} from './grpc-service-names.js'
import type { ProbeReader } from './routes.js'

/** More than these are not listed; a limit of the protocol. */
export const MAX_LISTED = 100

/** What is said of a target, and why it is not served, for the ledger. */
export interface Serving {
  readonly status: ServingStatus
  /** `''` for what is served, and what is unknown. */
  readonly reason: string
}

export class GrpcHealth {
  readonly #reader: ProbeReader
  readonly #isRuntimeStopping: () => boolean
  #isClosed = false

  /** `isRuntimeStopping` tells from when on nothing is served any more, although it can still be read. */
  constructor(reader: ProbeReader, isRuntimeStopping: () => boolean) {
    this.#reader = reader
    this.#isRuntimeStopping = isRuntimeStopping
  }

  /** From now on nothing is served. */
  close(): void {
    this.#isClosed = true
  }

  /**
   * The status of a target, `ServiceUnknown` where there is none of that name.
   * @throws HealthError `ERR_HEALTH_UNAVAILABLE` where the runtime cannot be read.
   */
  check(target: Target): ServingStatus {
    return this.#serving(target, this.#look()).status
  }

  /** As `check`, with the reason. */
  answer(target: Target): Serving {
    return this.#serving(target, this.#look())
  }

  /**
   * All services by name, each component once where they are shown; undefined where there are too many.
   * @throws HealthError as `check`.
   */
  list(isShown: boolean): ReadonlyMap<string, ServingStatus> | undefined {
    const look = this.#look()
    const components = isShown && look !== undefined ? [...look.report.keys()] : []
    if (VERDICT_SERVICES.length + components.length > MAX_LISTED) return undefined
    const services = VERDICT_SERVICES.map(([service]) => service)
    services.push(...components.map(componentService))
    return new Map(
      services.map((service) => [service, this.#serving(targetOf(service), look).status]),
    )
  }

  #serving(target: Target, look: Look | undefined): Serving {
    if (target === HIDDEN) return { status: ServingStatus.ServiceUnknown, reason: '' }
    // Nobody can tell any more what was registered.
    if (look === undefined) return { status: ServingStatus.NotServing, reason: STOPPED }
    const { policy } = this.#reader
    const status = servingOf(target, policy, look)
    if (status === ServingStatus.ServiceUnknown) return { status, reason: '' }
    if (this.#isStopping()) return { status: ServingStatus.NotServing, reason: STOPPED }
    if (status === ServingStatus.Serving) return { status, reason: '' }
    return { status, reason: reasonOf(target, policy, look) }
  }

  #isStopping(): boolean {
    return this.#isClosed || this.#isRuntimeStopping()
  }

  /** Undefined after the stop of the runtime. */
  #look(): Look | undefined {
    try {
      return this.#reader.look()
    } catch (error) {
      if (error instanceof HealthError && error.code === 'ERR_HEALTH_STOPPED') return undefined
      throw error
    }
  }
}

const STOPPED = 'the server stops'

/** Why a target is not served. */
function reasonOf(target: Target, policy: Policy, { report, gate }: Look): string {
  if (target.kind === 'verdict') {
    const judge = target.name === 'liveness' ? judgeLiveness : judgeReadiness
    return judge(policy, gate, (name) => report.get(name))?.message ?? ''
  }
  const component = report.get(target.name)
  if (component === undefined) return ''
  const { status, message } = component
  return `${target.name} is ${healthStatusName(status)}${message === '' ? '' : `: ${message}`}`
}

/** The status of a target in a look. */
export function servingOf(target: Target, policy: Policy, { report, gate }: Look): ServingStatus {
  if (target.kind === 'component') return servingComponent(report.get(target.name)?.status)
  return judgeServing(target.name, policy, gate, (name) => report.get(name))
}

/** A verdict in the words of gRPC. `gate` and `find` are those of policy.ts. */
export function judgeServing(
  verdict: VerdictName,
  policy: Policy,
  gate: Look['gate'],
  find: Parameters<typeof judgeLiveness>[2],
): ServingStatus {
  const judge = verdict === 'liveness' ? judgeLiveness : judgeReadiness
  return servingVerdict(judge(policy, gate, find) === undefined)
}
