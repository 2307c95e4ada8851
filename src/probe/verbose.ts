// A verdict in lines for people, in the style of the kube-apiserver's ?verbose. Pure; any thread.
import { cutText } from '../memory/text.js'
import { RUNTIME_COMPONENT } from '../model/component.js'
import { healthStatusName } from '../model/health-status.js'
import { judgedOf } from '../model/judged.js'
import type { Gate, Judged } from '../model/policy.js'
import { isUnbounded, type Suppression } from '../model/suppression.js'
import { KUBELET_BYTES } from './kubelet-body.js'
import type { Asked } from './query.js'
import type { Find, Question } from './questions.js'
import { isoTime } from './render.js'

/** What would begin a line, steer a terminal, or show text in another order than it has. */
const NOT_OF_ONE_LINE = /[\p{Cc}\p{Zl}\p{Zp}\p{Cs}\p{Bidi_Control}]/gu

/** Text that somebody else wrote, made safe for one line: it can neither begin another one nor erase this one. */
export function onOneLine(text: string): string {
  return text.replace(NOT_OF_ONE_LINE, (character) => {
    if (character === '\n') return '\\n'
    if (character === '\r') return '\\r'
    if (character === '\t') return '\\t'
    const unit = character.charCodeAt(0)
    const shown = unit >= 0xd800 && unit <= 0xdfff ? 0xfffd : unit
    return `\\u${shown.toString(16).padStart(4, '0')}`
  })
}

/** The last line, and all that is said where names and reasons are not shown. */
export function lastLine(path: string, isPassing: boolean): string {
  return `${path.slice(1)} check ${isPassing ? 'passed' : 'failed'}\n`
}

/** A line for each open gate and each component that decides, in the policy's order, without the last line. */
export function verdictLines(
  question: Question,
  gate: Gate,
  find: Find,
  { excluded, failOn }: Asked,
  suppression?: Suppression,
): string[] {
  const lines = question
    .openGates(gate)
    // Longer than what is said of a component that passes, so that none can be named like it.
    .map((what) => {
      const more = what === 'suppressed' && suppression ? detailOf(suppression) : ''
      return `[+]${what} ok: failures do not count${more}\n`
    })
  for (const name of question.names) {
    const component = find(name)
    if (excluded.has(name)) {
      lines.push(`[+]${onOneLine(name)} excluded: ok\n`)
    } else if (question.judgeOne(name, component, failOn) === undefined) {
      lines.push(`[+]${onOneLine(name)} ok\n`)
    } else {
      lines.push(failedLine(name, conditionOf(component)))
    }
  }
  const known = new Set(question.names)
  const unmatched = [...excluded].filter((name) => !known.has(name))
  if (unmatched.length > 0) {
    const names = unmatched.map((name) => `"${onOneLine(name)}"`).join(',')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}\n`)
  }
  return lines
}

/** How long, and who says so: ` for 119.5 s, until 2026-01-31T12:00:00.000Z, owner: main, reason: start-up`. */
function detailOf(suppression: Suppression): string {
  const { owner, reason, until, remainingMs } = suppression
  const howLong = isUnbounded(suppression)
    ? 'while the start-up gets on'
    : `for ${(remainingMs / 1e3).toFixed(1)} s, until ${isoTime(until)}`
  const by = owner === '' ? '' : `, owner: ${onOneLine(owner)}`
  const why = reason === '' ? '' : `, reason: ${onOneLine(reason)}`
  return ` ${howLong}${by}${why}`
}

function failedLine(name: string, reason: string): string {
  return `[-]${onOneLine(name)} failed: ${onOneLine(reason)}\n`
}

function conditionOf(component: Judged | undefined): string {
  if (component === undefined) return 'not registered'
  // Of what failed, which may be damped.
  const { status, message } = judgedOf(component)
  return message === '' ? healthStatusName(status) : `${healthStatusName(status)}: ${message}`
}

/** The line of a read that failed. */
export function failedReadLine(reason: string): string {
  return failedLine(RUNTIME_COMPONENT, reason)
}

/** The text for a kubelet: what fails first, long lines cut, and no more lines than it reads. */
export function fitForKubelet(lines: readonly string[], last: string): string {
  const text = `${lines.join('')}${last}`
  if (Buffer.byteLength(text) <= KUBELET_BYTES) return text
  const isFailed = (line: string) => line.startsWith('[-]')
  let fitted = ''
  let roomBytes = KUBELET_BYTES - last.length
  for (const line of [...lines.filter(isFailed), ...lines.filter((each) => !isFailed(each))]) {
    const short =
      Buffer.byteLength(line) <= MAX_LINE_BYTES
        ? line
        : `${cutText(line.slice(0, -1), MAX_LINE_BYTES - 1)}\n`
    const bytes = Buffer.byteLength(short)
    if (bytes > roomBytes) continue
    fitted += short
    roomBytes -= bytes
  }
  return fitted + last
}

const MAX_LINE_BYTES = 1_024
