// The public face of the runtime. SIGNATURES ONLY for now; the body lands with the core.
import type { Worker } from 'node:worker_threads'
import type { MetadataInput } from '../model/arguments.js'
import type { HealthCheckError, HealthError } from '../model/errors.js'
import type { HealthStatus } from '../model/health-status.js'
import type { ComponentStatus, HealthReport } from '../model/report.js'
import type { HealthManagerOptions } from './options.js'
import type { RuntimeStats } from './stats.js'

/** Everything another thread needs to attach. Structured-cloneable; opaque to users. */
export interface HealthHandle {
  readonly region: SharedArrayBuffer
}
export interface SuppressionReason {
  owner?: string
  reason?: string
}
export interface Verdict {
  readonly report: HealthReport
  readonly error: HealthCheckError | undefined
}
// biome-ignore lint/suspicious/noEmptyInterface: options come with deadlines
export interface ComponentOptions {}
export interface ComponentReporter {
  readonly name: string
  update(status: HealthStatus, message: string, metadata?: MetadataInput): void
  healthy(message?: string, metadata?: MetadataInput): void
  degraded(message?: string, metadata?: MetadataInput): void
  unhealthy(message?: string, metadata?: MetadataInput): void
  beat(): void
  deregister(): void
}
export declare class HealthManager {
  static start(options?: HealthManagerOptions): Promise<HealthManager>
  static attach(handle: HealthHandle): HealthManager
  handle(): HealthHandle
  adopt(worker: Worker, options?: { component?: string }): void
  register(name: string, options?: ComponentOptions): ComponentReporter
  deregister(name: string): void
  updateStatus(name: string, status: HealthStatus, message: string, metadata?: MetadataInput): void
  getStatus(name: string): ComponentStatus | undefined
  buildReport(): HealthReport
  livenessCheck(): HealthCheckError | undefined
  readinessCheck(): HealthCheckError | undefined
  checkLiveness(): Verdict
  checkReadiness(): Verdict
  setStandby(standby: boolean): void
  suppressLiveness(durationMs: number, why?: SuppressionReason): void
  clearLivenessSuppression(): void
  suppressReadiness(durationMs: number, why?: SuppressionReason): void
  clearReadinessSuppression(): void
  flush(): Promise<void>
  stats(): Promise<RuntimeStats>
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
  on(event: 'error', listener: (error: HealthError) => void): this
  on(event: 'restart', listener: (event: { actor: string; restarts: number }) => void): this
}
