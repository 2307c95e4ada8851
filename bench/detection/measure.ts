// Measures one fault: a fresh collector, the fault, and looks without pause until all that was expected has been seen.
import { setTimeout as wait } from 'node:timers/promises'
import type { DetectionCase } from './cases.js'
import { Subject } from './subject.js'

/** Between two rounds of looks: the resolution of what is measured, and little load of its own. */
const LOOK_INTERVAL_MS = 10
const PATIENCE_MS = 30_000
const TRANSITIONS = 50

/** Ms from the fault; of one expectation. */
export interface Sighting {
  seenMs: number | undefined
  /** Undefined where there is no transition to expect, too. */
  journaledMs: number | undefined
}

export interface Measurement {
  readonly sightings: readonly Sighting[]
  /** From the fault on. */
  readonly slowestProbeMs: number
}

export async function measure({ args, expectations }: DetectionCase): Promise<Measurement> {
  const subject = await Subject.start(args)
  try {
    const match = await subject.said(/fault: .*, at (\S+Z)$/m)
    const faultAt = Date.parse(match[1]!)
    const sightings = expectations.map(
      (): Sighting => ({ seenMs: undefined, journaledMs: undefined }),
    )
    let slowestProbeMs = 0
    const isMissing = () =>
      expectations.some(({ transition }, index) => {
        const { seenMs, journaledMs } = sightings[index]!
        return seenMs === undefined || (transition !== undefined && journaledMs === undefined)
      })
    while (isMissing() && Date.now() < faultAt + PATIENCE_MS) {
      for (const [index, expectation] of expectations.entries()) {
        const sighting = sightings[index]!
        if (sighting.seenMs !== undefined) continue
        const answer = await subject.ask(expectation.path)
        slowestProbeMs = Math.max(slowestProbeMs, answer.elapsedMs)
        if (expectation.isSeen(answer)) sighting.seenMs = answer.at - faultAt
      }
      const { at, list } = await subject.transitions(TRANSITIONS)
      for (const [index, { transition }] of expectations.entries()) {
        const sighting = sightings[index]!
        if (transition === undefined || sighting.journaledMs !== undefined) continue
        const { component, newStatus } = transition
        const isJournaled = list.some(
          (each) =>
            each.component === component &&
            each.newStatus === newStatus &&
            Date.parse(each.at) >= faultAt,
        )
        if (isJournaled) sighting.journaledMs = at - faultAt
      }
      await wait(LOOK_INTERVAL_MS)
    }
    return { sightings, slowestProbeMs }
  } finally {
    await subject.end()
  }
}
