// The reference behaviour of the health manager in plain JavaScript: one map, no threads. What the table tests
// hold the real one against.
import { compareBytes, pairsOf } from './support.js'

export type Pairs = readonly (readonly [key: string, value: string])[]

export interface ModelComponent {
  /** Tells a registration from an earlier one of the same name. */
  readonly id: number
  status: number
  message: string
  metadata: Pairs
  since: number
  updatedAt: number
  /** Transitions to each status since the registration. */
  readonly counts: Record<number, number>
}

export interface ModelTransition {
  component: string
  oldStatus: number
  newStatus: number
  message: string
  metadata: Pairs
  at: number
}

const TEXTS = ['unspecified', 'healthy', 'degraded', 'unhealthy']

export class TableModel {
  readonly components = new Map<string, ModelComponent>()
  readonly transitions: ModelTransition[] = []
  isStandby = false
  livenessDeadline = 0
  readinessDeadline = 0
  readonly #maxComponents: number
  #nextId = 1

  constructor(maxComponents: number) {
    this.#maxComponents = maxComponents
  }

  /** A registered name is left as it is. False if there is no room. */
  register(name: string, at: number): boolean {
    if (this.components.has(name)) return true
    if (this.components.size === this.#maxComponents) return false
    const id = this.#nextId++
    this.components.set(name, {
      id,
      status: 0,
      message: '',
      metadata: [],
      since: at,
      updatedAt: at,
      counts: { 0: 0, 1: 0, 2: 0, 3: 0 },
    })
    return true
  }

  deregister(name: string): void {
    this.components.delete(name)
  }

  /** Metadata that is null or undefined keeps the old; an empty object replaces it as any other does. */
  update(
    name: string,
    status: number,
    message: string,
    metadata: Readonly<Record<string, string>> | null | undefined,
    at: number,
  ): void {
    const component = this.components.get(name)
    if (component === undefined) return
    if (metadata !== null && metadata !== undefined) component.metadata = pairsOf(metadata)
    if (status !== component.status) {
      this.transitions.push({
        component: name,
        oldStatus: component.status,
        newStatus: status,
        message,
        metadata: component.metadata,
        at,
      })
      component.since = at
      component.counts[status]!++
    }
    component.status = status
    component.message = message
    component.updatedAt = at
  }

  /** The report in the order of the names' UTF-8 bytes. */
  report(): [string, Omit<ModelComponent, 'id' | 'counts'>][] {
    return [...this.components]
      .sort(([a], [b]) => compareBytes(a, b))
      .map(([name, { id: _, counts: __, ...component }]) => [name, component])
  }

  livenessError(now: number): string | undefined {
    if (now < this.livenessDeadline) return undefined
    const manager = this.components.get('collector_manager')
    return manager?.status === 3 ? `collector_manager is unhealthy: ${manager.message}` : undefined
  }

  readinessError(now: number): string | undefined {
    if (this.isStandby || now < this.readinessDeadline) return undefined
    for (const name of ['collector_manager', 'dakr_transport']) {
      const status = this.components.get(name)?.status
      if (status === undefined) return `${name} is not registered`
      if (status !== 1 && status !== 2) return `${name} is not ready (status: ${TEXTS[status]})`
    }
    return undefined
  }
}
