// What is told of the probes that were answered. Pure.

export type ProbeQuestion = 'liveness' | 'readiness' | 'startup'

/** An answered probe. */
export interface ProbeRecord {
  /** Epoch ms. */
  readonly at: number
  /** The path that was asked for; of a gRPC call `grpc:/METHOD/SERVICE`. */
  readonly path: string
  /** The status of HTTP; of a gRPC call its status code, 0 for OK. */
  readonly code: number
  /** The address that it came from. */
  readonly client: string
  readonly userAgent: string
  /** Why it was no success; `''` for one that was. */
  readonly reason: string
  /** From the request to its answer. */
  readonly latencyUs: number
}

/** What kubelets were told. A restart of the probe actor begins it anew, but for what they were told by gRPC. */
export interface ProbeStats {
  /** Probes answered, whoever asked. */
  readonly answered: number
  /** Failures that kubelets were told of since their last success, by question. */
  readonly failuresInARow: Readonly<Record<ProbeQuestion, number>>
  /** The last failure that a kubelet was told of. */
  readonly lastFailure: ProbeRecord | undefined
}

/** Before the first probe. */
export const NO_PROBES: ProbeStats = {
  answered: 0,
  failuresInARow: { liveness: 0, readiness: 0, startup: 0 },
  lastFailure: undefined,
}

/** What several servers of one runtime have told, as if they were one. */
export function sumOf(stats: readonly ProbeStats[]): ProbeStats {
  let { answered, lastFailure } = NO_PROBES
  const failuresInARow = { ...NO_PROBES.failuresInARow }
  for (const each of stats) {
    answered += each.answered
    for (const question of ['liveness', 'readiness', 'startup'] as const) {
      // Each of them a kubelet's own count.
      failuresInARow[question] = Math.max(failuresInARow[question], each.failuresInARow[question])
    }
    if (each.lastFailure && each.lastFailure.at >= (lastFailure?.at ?? 0))
      lastFailure = each.lastFailure
  }
  return { answered, failuresInARow, lastFailure }
}
