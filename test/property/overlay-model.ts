// Components with deadlines in plain JavaScript: what was reported, when life was seen last, what was told. What the real
// manager and readers are held against.

export interface Rules {
  readonly degradedAfterMs: number
  readonly unhealthyAfterMs: number
  readonly stallMs: number
  /** Updates above 0, ms below 0. */
  readonly failAfter: number
  readonly recoverAfter: number
}

export interface Told {
  readonly component: string
  readonly oldStatus: number
  readonly newStatus: number
  readonly message: string
  readonly at: number
}

interface Component {
  readonly rules: Rules | undefined
  status: number
  message: string
  /** Tick of the last sign of life. */
  aliveAt: number
  told: number
  since: number
  input: number
  output: number
  inputAtOutput: number
  /** Tick since which input waits for output. */
  pendingSince: number | undefined
  /** What verdicts take it for, but for the time that passes; and the updates in a row that are of another kind. */
  wasFailing: boolean
  streak: { isFailing: boolean; count: number; beganAt: number }
}

const TICK_MS = 10

export class OverlayModel {
  readonly told: Told[] = []
  readonly components = new Map<string, Component>()
  /** The two clocks, in ms. */
  monotonicMs = 0
  readonly #epochMs: number

  constructor(monotonicMs: number, epochMs: number) {
    this.monotonicMs = monotonicMs
    this.#epochMs = epochMs - monotonicMs
  }

  get #tick(): number {
    return Math.floor(this.monotonicMs / TICK_MS)
  }

  get epochMs(): number {
    return this.#epochMs + this.monotonicMs
  }

  register(name: string, rules: Rules | undefined): void {
    if (this.components.has(name)) return
    const since = this.epochMs
    this.components.set(name, {
      rules,
      status: 0,
      message: '',
      aliveAt: this.#tick,
      told: 0,
      since,
      input: 0,
      output: 0,
      inputAtOutput: 0,
      pendingSince: undefined,
      wasFailing: false,
      streak: { isFailing: false, count: 0, beganAt: this.#tick },
    })
  }

  deregister(name: string): void {
    this.components.delete(name)
  }

  beat(name: string): void {
    const component = this.components.get(name)
    if (component !== undefined) component.aliveAt = this.#tick
  }

  progress(name: string, input: number, output: number): void {
    const component = this.components.get(name)
    if (component === undefined) return
    component.aliveAt = this.#tick
    if (!component.rules?.stallMs) return
    if (output !== component.output) {
      component.pendingSince = undefined
      component.inputAtOutput = input
    } else if (input !== component.input) {
      component.pendingSince ??= this.#tick
    }
    component.input = input
    component.output = output
  }

  /** An accepted update is applied. */
  update(name: string, status: number, message: string): void {
    const component = this.components.get(name)
    if (component === undefined) return
    const isFailing = status === 3
    if (isFailing !== component.streak.isFailing) {
      component.wasFailing = this.#isTakenForFailing(component)
      component.streak = { isFailing, count: 0, beganAt: this.#tick }
    }
    component.streak.count++
    component.status = status
    component.message = message
    const { level } = this.#overlayOf(component)
    if (status >= level) this.#tell(name, component, status, message, this.epochMs)
  }

  /** The manager looks at every component, in the order of their slots, which for the journal is any order. */
  look(): void {
    for (const [name, component] of this.components) {
      const { status, told, at } = this.#shownOf(component)
      this.#tell(name, component, status, told, at)
    }
  }

  /** What every reader shows, and since when. */
  shown(): Record<string, { status: number; message: string; since: number }> {
    return Object.fromEntries(
      [...this.components].map(([name, component]) => {
        const { status, message, at } = this.#shownOf(component)
        const since = status === component.told ? component.since : Math.max(component.since, at)
        return [name, { status, message, since }]
      }),
    )
  }

  /** What verdicts take a component for. */
  judged(name: string): number | undefined {
    const component = this.components.get(name)
    if (component === undefined) return undefined
    const { status } = component
    const undamped = status === 3 ? 2 : status
    const damped = this.#isTakenForFailing(component) ? 3 : undamped
    return Math.max(damped, this.#overlayOf(component).level)
  }

  #isTakenForFailing({ rules, wasFailing, streak }: Component): boolean {
    const { isFailing, count, beganAt } = streak
    const patience = (isFailing ? rules?.failAfter : rules?.recoverAfter) ?? 0
    const ticks = this.#tick - beganAt
    const hasTurned = patience < 0 ? ticks > Math.ceil(-patience / TICK_MS) : count >= patience
    return hasTurned ? isFailing : wasFailing
  }

  #tell(component: string, to: Component, newStatus: number, message: string, at: number): void {
    if (newStatus === to.told) return
    to.since = Math.max(to.since, at)
    this.told.push({ component, oldStatus: to.told, newStatus, message, at: to.since })
    to.told = newStatus
  }

  /** `told` is the message of a transition to it. */
  #shownOf(component: Component): { status: number; message: string; told: string; at: number } {
    const { level, message, beganAt } = this.#overlayOf(component)
    if (level > component.status) {
      return { status: level, message, told: message, at: this.#epochMs + beganAt * TICK_MS }
    }
    const { status, message: told } = component
    const at = this.#epochMs + component.aliveAt * TICK_MS
    const isTelling = level !== 0 && level === status
    const reason = told === '' ? '' : `${told}; `
    return { status, message: isTelling ? `${reason}${message}` : told, told, at }
  }

  #overlayOf(component: Component): { level: number; message: string; beganAt: number } {
    const { rules, aliveAt, pendingSince } = component
    const silentTicks = this.#tick - aliveAt
    for (const level of [3, 2]) {
      const afterMs = level === 3 ? rules?.unhealthyAfterMs : rules?.degradedAfterMs
      if (!afterMs || silentTicks <= Math.ceil(afterMs / TICK_MS)) continue
      const seconds = (Math.floor(silentTicks / 10) / 10).toFixed(1)
      const message = `no update for ${seconds} s (deadline ${afterMs / 1000} s)`
      return { level, message, beganAt: aliveAt + Math.ceil(afterMs / TICK_MS) + 1 }
    }
    const stallTicks = Math.ceil((rules?.stallMs ?? 0) / TICK_MS)
    if (stallTicks > 0 && pendingSince !== undefined && this.#tick - pendingSince > stallTicks) {
      const seconds = (Math.floor((this.#tick - pendingSince) / 10) / 10).toFixed(1)
      const moved = component.input - component.inputAtOutput
      const message = `input moved by ${moved} and output by 0 for ${seconds} s`
      return { level: 2, message, beganAt: pendingSince + stallTicks + 1 }
    }
    return { level: 0, message: '', beganAt: 0 }
  }
}
