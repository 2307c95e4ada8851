// The components themselves, for people and tools: all of them, or one by its name. Probe actor's thread.
import type { ComponentStatus, HealthReport } from '../model/report.js'
import type { Look } from '../runtime/health-reader.js'
import {
  COMPONENT_NOT_FOUND,
  failedReadAnswer,
  JSON_TYPE,
  NOT_FOUND,
  UNAUTHORIZED,
} from './answers.js'
import type { CheckContext } from './check.js'
import type { ProbeAnswer, ProbeRequest } from './listener.js'
import { renderBody, renderComponent, renderSuppressed, suppressionsKey } from './render.js'

export class ComponentRoutes {
  readonly #context: CheckContext
  /** The answers of one component each; the runtime hands out the same object while a component is unchanged. */
  readonly #answers = new WeakMap<ComponentStatus, ProbeAnswer>()
  #report: HealthReport | undefined
  #all: ProbeAnswer | undefined

  constructor(context: CheckContext) {
    this.#context = context
  }

  /** All components, in the shape and order of the probes' bodies. Never throws. */
  answerAll(request: ProbeRequest): ProbeAnswer {
    return this.#answer(request, ({ report, gate }) => {
      if (gate.isLivenessSuppressed || gate.isReadinessSuppressed) return this.#suppressed(report)
      if (this.#all === undefined || this.#report !== report) {
        const { members } = this.#context
        members.update(report)
        this.#all = componentAnswer(renderBody('{', members.bytes))
        this.#report = report
      }
      return this.#all
    })
  }

  /** With who suppresses what, and for how long: that is not the same for long. */
  #suppressed(report: HealthReport): ProbeAnswer {
    const { members, bodies } = this.#context
    const suppressions = this.#context.suppressions()
    const body = bodies.of(report, `suppressed ${suppressionsKey(suppressions)}`, () => {
      members.update(report)
      return renderBody(renderSuppressed(suppressions), members.bytes)
    })
    return componentAnswer(body)
  }

  /** One component. Never throws. */
  answerOne(request: ProbeRequest, name: string): ProbeAnswer {
    return this.#answer(request, ({ report }) => {
      const status = report.get(name)
      if (status === undefined) return COMPONENT_NOT_FOUND
      let answer = this.#answers.get(status)
      if (answer === undefined) {
        answer = componentAnswer(Buffer.from(`${renderComponent(status)}\n`))
        this.#answers.set(status, answer)
      }
      return answer
    })
  }

  #answer(request: ProbeRequest, show: (look: Look) => ProbeAnswer): ProbeAnswer {
    const { audience, look } = this.#context
    // What nobody may see is not there at all.
    if (audience.detail === 'never') return NOT_FOUND
    if (!audience.maySee(request)) return UNAUTHORIZED
    try {
      return show(look())
    } catch (error) {
      return failedReadAnswer(error)
    }
  }
}

function componentAnswer(body: Uint8Array): ProbeAnswer {
  return { status: 200, contentType: JSON_TYPE, body }
}
