// A runtime and a server that answers gRPC, for one test; both stopped when it ends. Host thread only.
import type { TestContext } from 'node:test'
import {
  type HealthManager,
  type HealthManagerOptions,
  HealthServer,
  type HealthServerOptions,
} from '../../../src/index.js'
import { startRuntime } from './runtime.js'

export async function startGrpc(
  t: TestContext,
  options: Partial<HealthServerOptions> = {},
  runtimeOptions?: HealthManagerOptions,
): Promise<{ health: HealthManager; server: HealthServer; port: number; grpcPort: number }> {
  const health = await startRuntime(t, runtimeOptions)
  const server = new HealthServer(health, {
    host: '127.0.0.1',
    port: 0,
    // On a busy machine the manager may need longer than the 5 ms of the default, and tests want to know what it applied.
    readTimeoutMs: 1_000,
    grpc: { port: 0 },
    ...options,
  })
  const { port, grpcPort } = await server.start()
  return { health, server, port, grpcPort: grpcPort! }
}
