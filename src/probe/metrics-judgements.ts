// What was judged of each component: counted for every probe that was answered, at the cost of a comparison and an
// addition while the report is unchanged. Belongs to the probe actor's thread; knows nothing of how it is told.

import { type FailOn, judgeAlive, judgeReady, type Policy } from '../model/policy.js'
import type { ComponentStatus } from '../model/report.js'
import type { Look } from '../runtime/health-reader.js'
import { type Asked, isJudgedPlainly } from './query.js'

/** The checks by the last part of the path that asks for them, which are the `type`s of component-base's metrics. */
export const CHECKS = ['healthz', 'livez', 'readyz'] as const
export type Check = (typeof CHECKS)[number]

/** True where the component passes; undefined where the check does not look at it: it is not registered, and need not be. */
type Outcome = boolean | undefined

/** What one component does to a check, whatever the gates say. */
function judge(
  check: Check,
  policy: Policy,
  name: string,
  status: ComponentStatus | undefined,
  failOn: FailOn = 'unhealthy',
): Outcome {
  const isReadiness = check === 'readyz'
  if (status === undefined && !(isReadiness && policy.unregistered === 'fail')) return undefined
  const error = isReadiness
    ? judgeReady(name, status, policy.unregistered, failOn)
    : judgeAlive(name, status, failOn)
  return error === undefined
}

function namesOf(check: Check, policy: Policy): readonly string[] {
  return [...new Set(check === 'readyz' ? policy.readiness : policy.liveness)]
}

/** A standby or suppressed check passes without a look at any component. */
function isGated(check: Check, { gate }: Look): boolean {
  return check === 'readyz'
    ? gate.isStandby || gate.isReadinessSuppressed
    : gate.isLivenessSuppressed
}

/** One component under one check, judged now. */
export interface Judgement {
  readonly name: string
  readonly check: Check
  readonly isPassing: boolean
}

/** Every component that decides a verdict. `/healthz` judges as `/livez` does, so it is not listed again. */
export function* judgeAll(policy: Policy, { report }: Look): Iterable<Judgement> {
  for (const check of ['livez', 'readyz'] as const) {
    for (const name of namesOf(check, policy)) {
      const isPassing = judge(check, policy, name, report.get(name))
      if (isPassing !== undefined) yield { name, check, isPassing }
    }
  }
}

/** Of one component under one check. */
interface Tally {
  readonly name: string
  status: ComponentStatus | undefined
  outcome: Outcome
  successes: number
  errors: number
}

interface CheckTally {
  readonly check: Check
  readonly tallies: readonly Tally[]
  /** The report that the outcomes are of, and how many probes found it so that are not in the tallies yet. */
  report: Look['report'] | undefined
  pending: number
}

export class Judgements {
  readonly #policy: Policy
  /** By the path that asks, in the order of CHECKS. */
  readonly #checks: ReadonlyMap<string, CheckTally>

  constructor(policy: Policy) {
    this.#policy = policy
    const tallyOf = (check: Check): CheckTally => ({
      check,
      tallies: namesOf(check, policy).map((name) => ({
        name,
        status: undefined,
        outcome: judge(check, policy, name, undefined),
        successes: 0,
        errors: 0,
      })),
      report: undefined,
      pending: 0,
    })
    this.#checks = new Map(CHECKS.map((check) => [`/${check}`, tallyOf(check)]))
  }

  /** A probe of `path` was judged. Paths whose components are not counted are none of ours. */
  count(path: string, look: Look, asked: Asked): void {
    const tally = this.#checks.get(path)
    if (tally === undefined || isGated(tally.check, look)) return
    if (!isJudgedPlainly(asked)) {
      this.#countAsAsked(tally, look, asked)
      return
    }
    if (tally.report !== look.report) this.#turnTo(tally, look)
    tally.pending++
  }

  /** How often each component passed and failed; those that no probe has looked at are left out. */
  *counts(): Iterable<Omit<Judgement, 'isPassing'> & Pick<Tally, 'successes' | 'errors'>> {
    for (const tally of this.#checks.values()) {
      settle(tally)
      const { check, tallies } = tally
      for (const { name, successes, errors } of tallies) {
        if (successes + errors > 0) yield { name, check, successes, errors }
      }
    }
  }

  #turnTo(tally: CheckTally, { report }: Look): void {
    settle(tally)
    tally.report = report
    for (const each of tally.tallies) {
      const status = report.get(each.name)
      // The same frozen object as long as the component is unchanged.
      if (status === each.status) continue
      each.status = status
      each.outcome = judge(tally.check, this.#policy, each.name, status)
    }
  }

  #countAsAsked({ check, tallies }: CheckTally, { report }: Look, asked: Asked): void {
    const { excluded, failOn } = asked
    for (const each of tallies) {
      if (excluded.has(each.name)) continue
      const outcome = judge(check, this.#policy, each.name, report.get(each.name), failOn)
      if (outcome === true) each.successes++
      else if (outcome === false) each.errors++
    }
  }
}

/** Counts the probes that have found the components as they were. */
function settle(tally: CheckTally): void {
  for (const each of tally.tallies) {
    if (each.outcome === true) each.successes += tally.pending
    else if (each.outcome === false) each.errors += tally.pending
  }
  tally.pending = 0
}
