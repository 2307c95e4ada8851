// What was judged of each component: counted for every probe that was answered, at the cost of a comparison and an
// addition while the report is unchanged. Belongs to the probe actor's thread; knows nothing of how it is told.

import { type FailOn, judgeAlive, judgeReady, type Policy } from '../model/policy.js'
import type { ComponentStatus } from '../model/report.js'
import type { Look } from '../runtime/health-reader.js'

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
  readonly tallies: readonly Tally[]
  /** The report that the outcomes are of, and how many probes found it so that are not in the tallies yet. */
  report: Look['report'] | undefined
  pending: number
}

export class Judgements {
  readonly #policy: Policy
  readonly #checks: Readonly<Record<Check, CheckTally>>

  constructor(policy: Policy) {
    this.#policy = policy
    const tallyOf = (check: Check): CheckTally => ({
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
    this.#checks = {
      healthz: tallyOf('healthz'),
      livez: tallyOf('livez'),
      readyz: tallyOf('readyz'),
    }
  }

  /** A probe was answered. The target says which components it has left out, and how strict it was. */
  count(check: Check, look: Look, target: string): void {
    if (isGated(check, look)) return
    const queryAt = target.indexOf('?')
    if (queryAt !== -1 && /exclude|failon/.test(target)) {
      this.#countStrictly(check, look, new URLSearchParams(target.slice(queryAt)))
      return
    }
    const tally = this.#checks[check]
    if (tally.report !== look.report) this.#turnTo(check, look)
    tally.pending++
  }

  /** How often each component passed and failed; those that no probe has looked at are left out. */
  *counts(): Iterable<Omit<Judgement, 'isPassing'> & Pick<Tally, 'successes' | 'errors'>> {
    for (const check of CHECKS) {
      const { tallies } = this.#settle(check)
      for (const { name, successes, errors } of tallies) {
        if (successes + errors > 0) yield { name, check, successes, errors }
      }
    }
  }

  #settle(check: Check): CheckTally {
    const tally = this.#checks[check]
    for (const each of tally.tallies) {
      if (each.outcome === true) each.successes += tally.pending
      else if (each.outcome === false) each.errors += tally.pending
    }
    tally.pending = 0
    return tally
  }

  #turnTo(check: Check, { report }: Look): void {
    const tally = this.#settle(check)
    tally.report = report
    for (const each of tally.tallies) {
      const status = report.get(each.name)
      // The same frozen object as long as the component is unchanged.
      if (status === each.status) continue
      each.status = status
      each.outcome = judge(check, this.#policy, each.name, status)
    }
  }

  #countStrictly(check: Check, { report }: Look, query: URLSearchParams): void {
    const excluded = query.getAll('exclude')
    const failOn = query.get('failon') === 'degraded' ? 'degraded' : 'unhealthy'
    for (const each of this.#checks[check].tallies) {
      if (excluded.includes(each.name)) continue
      const outcome = judge(check, this.#policy, each.name, report.get(each.name), failOn)
      if (outcome === true) each.successes++
      else if (outcome === false) each.errors++
    }
  }
}
