// The component names that collectors of this family share. Any other name of 1 to 255 bytes works as well.

/** Well-known component names. */
export const Component = {
  CollectorManager: 'collector_manager',
  BufferQueue: 'buffer_queue',
  DakrTransport: 'dakr_transport',
  MpaServer: 'mpa_server',
  Prometheus: 'prometheus',
  Monitor: 'monitor',
  EbpfTracer: 'ebpf_tracer',
  PodCache: 'pod_cache',
  KarpenterDeployment: 'karpenter_deployment',
  GpuRuntimeResolver: 'gpu_runtime_resolver',
  MemoryPressure: 'memory_pressure',
} as const

/**
 * Appears in reports, degraded, when the runtime itself can no longer be trusted: its manager actor failed for good, so
 * every other status is the last one that was applied.
 */
export const RUNTIME_COMPONENT = 'health_runtime'
