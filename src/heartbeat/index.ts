// The public surface of `health-actor/heartbeat`. Loads neither grpc-js nor protobufjs: those are for the threads that speak.

export { OperatorType } from './operator-type.js'
export {
  buildHeartbeatRequest,
  buildHeartbeatRequestFromReport,
  type ComponentHealth,
  type ReportHealthRequest,
  type ReportInput,
  type Timestamp,
} from './request.js'
