// The public surface of `health-actor/heartbeat`. Loads neither grpc-js nor protobufjs: those are for the threads that speak.

export { CircuitBreaker, type TransportStatus, transportStatusOf } from './circuit-breaker.js'
export type { ConnectorHealthInput } from './connector-health.js'
export type { FleetConnectors, FleetMember } from './fleet.js'
export type { FleetReceiverOptions, FleetTlsFiles } from './fleet-options.js'
export { type FleetAddress, FleetReceiver } from './fleet-receiver.js'
export type { LoopStats, SentHeartbeat } from './heartbeat-loop.js'
export { HeartbeatReporter, type HeartbeatStats } from './heartbeat-reporter.js'
export { OperatorType } from './operator-type.js'
export type { HeartbeatReporterOptions, HeartbeatTlsFiles } from './options.js'
export {
  buildHeartbeatRequest,
  buildHeartbeatRequestFromReport,
  type ComponentHealth,
  type ReportHealthRequest,
  type ReportInput,
  type Timestamp,
} from './request.js'
export type {
  HeartbeatSource,
  HeartbeatSourceContext,
  HeartbeatSourceFactory,
  HeartbeatSourceOptions,
  SourceReport,
} from './source.js'
