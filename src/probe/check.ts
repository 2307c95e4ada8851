// One probe path's answers: judged on every request, rendered only when something that they show has changed.
// Belongs to the probe actor's thread.
import type { HealthCheckError } from '../model/errors.js'
import type { Gate } from '../model/policy.js'
import type { HealthReport } from '../model/report.js'
import type { Suppressions } from '../model/suppression.js'
import type { Look } from '../runtime/health-reader.js'
import { JSON_TYPE, reasonOf, TEXT_TYPE } from './answers.js'
import type { AudienceGuard } from './audience.js'
import { isKubelet, KUBELET_BYTES, renderForKubelet } from './kubelet-body.js'
import type { ProbeAnswer, ProbeRequest } from './listener.js'
import type { ComponentMembers } from './members.js'
import { type Asked, isJudgedPlainly, PLAIN } from './query.js'
import type { Question } from './questions.js'
import { bodyBytes, renderBody, renderVerdict, suppressionsKey } from './render.js'
import type { SharedBodies } from './shared-bodies.js'
import { failedReadLine, fitForKubelet, lastLine, verdictLines } from './verbose.js'

/** Told of each verdict before it is answered: the path that asked, as the routes know it, and what decided. Must not throw. */
export type OnJudged = (path: string, look: Look, asked: Asked) => void

/** What the checks of a handler share. */
export interface CheckContext {
  readonly look: () => Look
  /** The suppressions that hold now. */
  readonly suppressions: () => Suppressions
  readonly audience: AudienceGuard
  readonly members: ComponentMembers
  /** Those of a report. */
  readonly bodies: SharedBodies<HealthReport>
  readonly onJudged: OnJudged | undefined
}

/** A verdict and the report that it is shown with; its bodies are rendered when somebody asks for them. */
interface Verdict {
  readonly report: HealthReport
  readonly error: HealthCheckError | undefined
  readonly asked: Asked
  /** How long the whole body is; undefined until somebody asks for one. */
  wholeBytes: number | undefined
  whole: ProbeAnswer | undefined
  forKubelet: ProbeAnswer | undefined
  /** For those who are not shown more. */
  hidden: ProbeAnswer | undefined
}

export class Check {
  readonly #question: Question
  readonly #context: CheckContext
  /** For those who are not shown more. */
  readonly #passed: ProbeAnswer
  readonly #failed: ProbeAnswer
  /** What a probe without a query was told last, and the gate that this rests on besides the report. */
  #verdict: Verdict | undefined
  #gate: Gate | undefined

  constructor(question: Question, context: CheckContext) {
    this.#question = question
    this.#context = context
    this.#passed = jsonAnswer(
      undefined,
      Buffer.from(`${renderVerdict(question.passText, undefined)}}\n`),
    )
    this.#failed = jsonAnswer('', Buffer.from(`${renderVerdict(question.failText, undefined)}}\n`))
  }

  /** Never throws. `path` is the one of several by which the client knows this check. */
  answer(request: ProbeRequest, path: string, asked: Asked): ProbeAnswer {
    const isShown = this.#context.audience.maySee(request)
    try {
      const look = this.#context.look()
      const gate = this.#question.gateOf(look)
      const verdict = this.#verdictOf(look.report, gate, asked)
      this.#context.onJudged?.(path, look, asked)
      if (asked.isVerbose) {
        return isShown
          ? this.#showLines(verdict, gate, path, request)
          : textAnswer(verdict.error?.message, [], path, request)
      }
      if (isShown) return this.#show(verdict, request)
      if (verdict.error === undefined) return this.#passed
      verdict.hidden ??= { ...this.#failed, reason: verdict.error.message }
      return verdict.hidden
    } catch (error) {
      // The runtime was stopped, or its memory is not ours to read: either is an answer to a probe.
      const reason = reasonOf(error)
      if (asked.isVerbose) {
        return textAnswer(reason, isShown ? [failedReadLine(reason)] : [], path, request)
      }
      if (!isShown) return { ...this.#failed, reason }
      const verdict = renderVerdict(this.#question.failText, reason)
      return jsonAnswer(reason, renderBody(verdict, NO_MEMBERS))
    }
  }

  #verdictOf(report: HealthReport, gate: Gate, asked: Asked): Verdict {
    if (!isJudgedPlainly(asked)) {
      return verdictOf(report, this.#judge(report, gate, asked), asked)
    }
    const last = this.#verdict
    // Nothing else decides: a suppression that has run out shows in the gate of this very look.
    if (last?.report === report && isSameGate(this.#gate, gate)) return last
    const error = this.#judge(report, gate, PLAIN)
    this.#gate = gate
    if (last?.report === report && last.error?.message === error?.message) return last
    this.#verdict = verdictOf(report, error, PLAIN)
    return this.#verdict
  }

  #judge(report: HealthReport, gate: Gate, asked: Asked): HealthCheckError | undefined {
    const { names } = this.#question
    const counted =
      asked.excluded.size === 0 ? names : names.filter((name) => !asked.excluded.has(name))
    return this.#question.judge(counted, gate, (name) => report.get(name), asked.failOn)
  }

  #show(verdict: Verdict, request: ProbeRequest): ProbeAnswer {
    const { members, bodies } = this.#context
    const { report, error } = verdict
    if (verdict.wholeBytes === undefined) {
      members.update(report)
      verdict.wholeBytes = bodyBytes(this.#render(error), members.bytes)
    }
    const isForKubelet = verdict.wholeBytes > KUBELET_BYTES && isKubelet(request)
    const known = isForKubelet ? verdict.forKubelet : verdict.whole
    if (known !== undefined) return known
    members.update(report)
    if (!isForKubelet) {
      const head = this.#render(error)
      const body = bodies.of(report, `json ${head}`, () => renderBody(head, members.bytes))
      verdict.whole = jsonAnswer(error?.message, body)
      return verdict.whole
    }
    const { passText, failText } = this.#question
    const status = error ? failText : passText
    const body = renderForKubelet(status, error?.message, this.#failing(verdict), members)
    verdict.forKubelet = jsonAnswer(error?.message, body)
    return verdict.forKubelet
  }

  #render(error: HealthCheckError | undefined): string {
    const { passText, failText } = this.#question
    return renderVerdict(error ? failText : passText, error?.message)
  }

  /** What explains the verdict, in the policy's order. */
  #failing({ report, asked: { excluded, failOn } }: Verdict): string[] {
    return this.#question.names.filter(
      (name) =>
        !excluded.has(name) &&
        this.#question.judgeOne(name, report.get(name), failOn) !== undefined,
    )
  }

  #showLines(verdict: Verdict, gate: Gate, path: string, request: ProbeRequest): ProbeAnswer {
    const { report, error, asked } = verdict
    const { suppressible } = this.#question
    const isOpen = gate.isLivenessSuppressed || gate.isReadinessSuppressed
    const suppressions = isOpen && suppressible ? this.#context.suppressions() : {}
    const suppression = suppressible && suppressions[suppressible]
    const lines = () =>
      verdictLines(this.#question, gate, (name) => report.get(name), asked, suppression)
    if (isKubelet(request)) return textAnswer(error?.message, lines(), path, request)
    const { isStandby, isLivenessSuppressed, isReadinessSuppressed } = gate
    const gates = [isStandby, isLivenessSuppressed, isReadinessSuppressed].map(Number).join('')
    const question = JSON.stringify([path, asked.failOn, ...asked.excluded])
    const key = `lines ${gates} ${question} ${suppressionsKey(suppressions)}`
    const body = this.#context.bodies.of(report, key, () =>
      Buffer.from(`${lines().join('')}${lastLine(path, error === undefined)}`),
    )
    return checkAnswer(error?.message, TEXT_TYPE, body)
  }
}

function verdictOf(
  report: HealthReport,
  error: HealthCheckError | undefined,
  asked: Asked,
): Verdict {
  return {
    report,
    error,
    asked,
    wholeBytes: undefined,
    whole: undefined,
    forKubelet: undefined,
    hidden: undefined,
  }
}

const NO_MEMBERS = new Uint8Array(0)

function isSameGate(a: Gate | undefined, b: Gate): boolean {
  return (
    a !== undefined &&
    a.isStandby === b.isStandby &&
    a.isLivenessSuppressed === b.isLivenessSuppressed &&
    a.isReadinessSuppressed === b.isReadinessSuppressed
  )
}

/** The answer of a check that passes, or that fails for a reason. */
function checkAnswer(
  reason: string | undefined,
  contentType: string,
  body: Uint8Array,
): ProbeAnswer {
  if (reason === undefined) return { status: 200, contentType, body }
  return { status: 503, contentType, body, reason }
}

function jsonAnswer(reason: string | undefined, body: Uint8Array): ProbeAnswer {
  return checkAnswer(reason, JSON_TYPE, body)
}

function textAnswer(
  reason: string | undefined,
  lines: readonly string[],
  path: string,
  request: ProbeRequest,
): ProbeAnswer {
  const last = lastLine(path, reason === undefined)
  let text = `${lines.join('')}${last}`
  if (text.length > KUBELET_BYTES / 3 && isKubelet(request)) text = fitForKubelet(lines, last)
  return checkAnswer(reason, TEXT_TYPE, Buffer.from(text))
}
