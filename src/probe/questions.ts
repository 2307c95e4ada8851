// What each probe path asks: which components decide, what lets it pass whatever they say, and in which words it is
// answered. Pure but for what it is given; any thread.
import type { HealthCheckError } from '../model/errors.js'
import { undamped } from '../model/judged.js'
import {
  type FailOn,
  type Gate,
  type Judged,
  judgeAlive,
  judgeLiveness,
  judgeReadiness,
  judgeReady,
  type Policy,
} from '../model/policy.js'
import type { Suppressions } from '../model/suppression.js'
import type { Look } from '../runtime/health-reader.js'

export type Find = (name: string) => Judged | undefined

export interface Question {
  /** What `status` says where the check passes, and where it fails. */
  readonly passText: string
  readonly failText: string
  /** The components that decide, in their order. */
  readonly names: readonly string[]
  /** The gate that holds for this question. */
  gateOf(look: Look): Gate
  /** The verdict if only `names` decide. */
  judge(
    names: readonly string[],
    gate: Gate,
    find: Find,
    failOn: FailOn,
  ): HealthCheckError | undefined
  /** What one component does to the verdict where no gate is open. */
  judgeOne(
    name: string,
    component: Judged | undefined,
    failOn: FailOn,
  ): HealthCheckError | undefined
  /** The suppression that opens its gate, where one can. */
  readonly suppressible?: keyof Suppressions
  /** In a word each, why it passes whatever the components say. Mostly nothing. */
  openGates(gate: Gate): readonly string[]
}

export function livenessQuestion(policy: Policy): Question {
  return {
    suppressible: 'liveness',
    passText: 'healthy',
    failText: 'unhealthy',
    names: policy.liveness,
    gateOf: ({ gate }) => gate,
    judge: (liveness, gate, find, failOn) =>
      judgeLiveness({ ...policy, liveness }, gate, find, failOn),
    judgeOne: judgeAlive,
    openGates: ({ isLivenessSuppressed }) => (isLivenessSuppressed ? ['suppressed'] : []),
  }
}

export function readinessQuestion(policy: Policy): Question {
  return {
    suppressible: 'readiness',
    passText: 'ready',
    failText: 'not ready',
    names: policy.readiness,
    gateOf: ({ gate }) => gate,
    judge: (readiness, gate, find, failOn) =>
      judgeReadiness({ ...policy, readiness }, gate, find, failOn),
    judgeOne: (name, component, failOn) => judgeReady(name, component, policy.unregistered, failOn),
    openGates: (gate) => gatesOf(gate, 'standby'),
  }
}

/**
 * Readiness behind another gate: it has passed once, or the time for which the start is excused is not over. What
 * suppresses readiness is no evidence of a start. It goes by what is shown, undamped, as the manager does that notices the
 * start: see ReadinessWatch.
 */
export function startupQuestion(
  policy: Policy,
  hasStarted: () => boolean,
  isExcused: (look: Look) => boolean,
): Question {
  const { suppressible: _, ...readiness } = readinessQuestion(policy)
  return {
    ...readiness,
    judge: (names, gate, find, failOn) =>
      readiness.judge(names, gate, (name) => undamped(find(name)), failOn),
    judgeOne: (name, component, failOn) => readiness.judgeOne(name, undamped(component), failOn),
    passText: 'started',
    failText: 'not started',
    gateOf: (look) => ({
      isStandby: hasStarted(),
      isReadinessSuppressed: isExcused(look),
      isLivenessSuppressed: false,
    }),
    openGates: (gate) => gatesOf(gate, 'started'),
  }
}

function gatesOf(gate: Gate, standby: string): readonly string[] {
  const open: string[] = []
  if (gate.isStandby) open.push(standby)
  if (gate.isReadinessSuppressed) open.push('suppressed')
  return open
}
