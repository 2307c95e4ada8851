// The public surface of `health-actor`: what users embed first, what they configure with next.

export type { EvidenceOptions } from './evidence/evidence-settings.js'
export type { ObserverStats } from './memory/observer-counters.js'
export type { MetadataInput } from './model/arguments.js'
export { Component } from './model/component.js'
export type { ComponentOptions } from './model/component-rules.js'
export { HealthCheckError, HealthError, type HealthErrorCode } from './model/errors.js'
export { HealthStatus, type HealthStatusName, healthStatusName } from './model/health-status.js'
export type { ProbeQuestion, ProbeRecord, ProbeStats } from './model/probe-stats.js'
export type { ComponentStatus, HealthReport } from './model/report.js'
export type { Suppression, Suppressions } from './model/suppression.js'
export type { Gap, Transition } from './model/transition.js'
export type {
  GapObserver,
  ObserverOptions,
  TransitionObserver,
} from './observe/observer-options.js'
export { type LoggingObserver, type PinoLogger, pinoObserver } from './observe/pino-observer.js'
export type { TransitionsOptions } from './observe/transition-iterator.js'
export {
  type WebhookObserver,
  type WebhookOptions,
  webhookObserver,
} from './observe/webhook-observer.js'
export type { Transport, TransportChoice } from './probe/choose-listener.js'
export { HealthServer } from './probe/health-server.js'
export type { BoundAddress, TlsFiles } from './probe/listener.js'
export type { ServerAddress } from './probe/probe-actor.js'
export type { Detail } from './probe/routes.js'
export type { HealthServerOptions, ServerRestart } from './probe/server-options.js'
export type { ComponentReporter } from './runtime/component-reporter.js'
export type { SuppressionReason } from './runtime/health-controls.js'
export type { HealthHandle } from './runtime/health-handle.js'
export { HealthManager } from './runtime/health-manager.js'
export type { Verdict } from './runtime/health-reader.js'
export type { HealthManagerOptions } from './runtime/options.js'
export type { RestartEvent } from './runtime/runtime-events.js'
export type { ActorState, ActorStats, MailboxStats, RuntimeStats } from './runtime/stats.js'
export type { EventLoopWatchOptions } from './watch/event-loop-options.js'
export type { EventLoopWatch } from './watch/event-loop-watch.js'
export type { MemoryPressureLogger } from './watch/memory-pressure.js'
export {
  MemoryPressureMonitor,
  type MemoryPressureMonitorOptions,
} from './watch/memory-pressure-monitor.js'
export type { MemoryPressureOptions } from './watch/memory-pressure-options.js'
