// A recorded history as lines that a person can follow, for the message of a failing test. Pure.
import type { Judgement } from '../linearizability-checker.js'
import { type Answer, type Call, COMPONENTS, type Recorded, type Seen } from './component-model.js'

const LINES_BEFORE = 24

/** Why a history was rejected: what nothing explains, the states that were possible, and how it came to them. */
export function explain(
  judgement: Judgement<unknown, Call, Answer>,
  history: readonly Recorded[],
): string {
  if (judgement.isLinearizable) return 'linearizable'
  const { operation, possible } = judgement
  const before = history
    .filter(({ invokedAt }) => invokedAt < operation.returnedAt)
    .sort((a, b) => a.returnedAt - b.returnedAt)
    .filter(({ returnedAt }) => returnedAt <= operation.returnedAt)
  const running = judgement.pending.map((other) => `  running: ${lineOf(other)}`)
  return [
    'nothing explains the last of these calls (thread, interval, call, answer):',
    ...before.slice(-LINES_BEFORE).map((other) => `  ${lineOf(other)}`),
    ...running,
    'possible before it:',
    ...new Set(possible.map((state) => `  ${JSON.stringify(state)}`)),
  ].join('\n')
}

function lineOf({ thread, input, output, invokedAt, returnedAt }: Recorded): string {
  return `thread ${thread} [${invokedAt}, ${returnedAt}] ${callText(input)} ${answerText(output)}`
}

function callText(call: Call): string {
  if (!('component' in call)) {
    return call.kind === 'setStandby' ? `setStandby ${call.standby}` : call.kind
  }
  const name = COMPONENTS[call.component]
  const route = 'byReporter' in call && call.byReporter ? ' by reporter' : ''
  const payload =
    call.kind === 'update' ? ` ${call.status} "${call.message}" ${call.metadata ?? 'keep'}` : ''
  return `${call.kind} ${name}${route}${payload}`
}

function answerText({ seen, report, error }: Answer): string {
  const parts: string[] = []
  if (seen !== undefined) parts.push(`-> ${seenText(seen)}`)
  if (report !== undefined) parts.push(`-> ${report.map(seenText).join(' | ')}`)
  if (error !== undefined) parts.push(`=> ${error ?? 'passes'}`)
  return parts.join(' ')
}

function seenText(seen: Seen | null): string {
  return seen === null ? 'none' : `${seen.status} "${seen.message}" ${seen.metadata}`
}
