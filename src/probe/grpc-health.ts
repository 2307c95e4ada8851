// Check and List: what the gRPC health service says at this moment. Knows nothing of gRPC; runs in the probe actor's
// thread, or in-process in tests.
import { HealthError } from '../model/errors.js'
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
    return new Map(services.map((service) => [service, this.#serving(targetOf(service), look)]))
  }

  #serving(target: Target, look: Look | undefined): ServingStatus {
    if (target === HIDDEN) return ServingStatus.ServiceUnknown
    // Nobody can tell any more what was registered.
    if (look === undefined) return ServingStatus.NotServing
    const status = servingOf(target, this.#reader.policy, look)
    return this.#isStopping() && status === ServingStatus.Serving
      ? ServingStatus.NotServing
      : status
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
