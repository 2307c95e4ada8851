// The public surface of `health-actor/kubernetes`. Importing it does not load the Kubernetes client; the first request does.

export type { AccessOptions } from './access-options.js'
export type { ProbeFetch, ProbeResponse } from './http-get.js'
export type { KubernetesLogger } from './logger.js'
export { NodeOperatorMonitor, type NodeOperatorReport } from './node-operator-monitor.js'
export type { NodeOperatorMonitorOptions } from './node-operator-options.js'
export { type NodeOperatorSourceOptions, nodeOperatorSource } from './node-operator-source.js'
export { RestartOomDetector, type RestartOomDetectorOptions } from './restart-oom-detector.js'
export { type RestartOomSourceOptions, restartOomSource } from './restart-oom-source.js'
