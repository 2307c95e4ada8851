// The peer without threads: the same manager as a Map on one event loop. Also the state inside the Comlink peer.
// Updates copy the metadata that they get and reports are deep copies, as callers expect of either.
import { HealthStatus, healthStatusName } from '../../src/model/health-status.js'

export interface PlainStatus {
  status: HealthStatus
  message: string
  metadata: Record<string, string>
}
/** The body of GET /healthz, keys in the order in which they are written. */
export interface PlainAnswer {
  status: string
  error?: string
  components: Record<
    string,
    { status: string; message: string; metadata: Readonly<Record<string, string>> }
  >
}
export type PlainObserver = (
  name: string,
  from: HealthStatus,
  to: HealthStatus,
  message: string,
  metadata: Record<string, string>,
) => void

export class PlainHealthManager {
  readonly #components = new Map<string, PlainStatus>()
  #observer: PlainObserver | undefined

  observe(observer: PlainObserver): void {
    this.#observer = observer
  }

  register(name: string): void {
    if (!this.#components.has(name)) {
      this.#components.set(name, { status: HealthStatus.Unspecified, message: '', metadata: {} })
    }
  }

  updateStatus(
    name: string,
    status: HealthStatus,
    message: string,
    metadata?: Readonly<Record<string, string>> | null,
  ): void {
    const component = this.#components.get(name)
    if (component === undefined) return
    const from = component.status
    component.status = status
    component.message = message
    if (metadata) component.metadata = { ...metadata }
    if (from !== status) this.#observer?.(name, from, status, message, { ...component.metadata })
  }

  livenessCheck(): string | undefined {
    const component = this.#components.get('collector_manager')
    if (component?.status !== HealthStatus.Unhealthy) return undefined
    return `collector_manager is unhealthy: ${component.message}`
  }

  readinessCheck(): string | undefined {
    for (const name of ['collector_manager', 'dakr_transport']) {
      const component = this.#components.get(name)
      if (component === undefined) return `${name} is not registered`
      const { status } = component
      if (status !== HealthStatus.Healthy && status !== HealthStatus.Degraded) {
        return `${name} is not ready (status: ${healthStatusName(status)})`
      }
    }
    return undefined
  }

  buildReport(): Map<string, PlainStatus> {
    const report = new Map<string, PlainStatus>()
    for (const [name, { status, message, metadata }] of this.#components) {
      report.set(name, { status, message, metadata: { ...metadata } })
    }
    return report
  }

  checkReadiness(): { report: Map<string, PlainStatus>; error: string | undefined } {
    return { report: this.buildReport(), error: this.readinessCheck() }
  }

  /** What GET /healthz answers, for whoever renders it. */
  liveness(): { code: number; answer: PlainAnswer } {
    const error = this.livenessCheck()
    const components: PlainAnswer['components'] = {}
    const report = [...this.buildReport()].sort(([a], [b]) => (a < b ? -1 : 1))
    for (const [name, { status, message, metadata }] of report) {
      components[name] = { status: healthStatusName(status), message, metadata }
    }
    return {
      code: error === undefined ? 200 : 503,
      answer: {
        status: error === undefined ? 'healthy' : 'unhealthy',
        ...(error === undefined ? {} : { error }),
        components,
      },
    }
  }

  /** Status code and body of GET /healthz. */
  healthz(): { code: number; body: string } {
    const { code, answer } = this.liveness()
    return { code, body: `${JSON.stringify(answer)}\n` }
  }
}
