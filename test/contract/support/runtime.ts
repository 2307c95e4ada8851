// A runtime of its own for one test, stopped when the test ends. Host thread only.
import type { TestContext } from 'node:test'
import { HealthManager, type HealthManagerOptions } from '../../../src/index.js'

export async function startRuntime(
  t: TestContext,
  options?: HealthManagerOptions,
): Promise<HealthManager> {
  // On a busy machine the manager may need longer than the 100 ms of the default, and tests want to know what it applied.
  const health = await HealthManager.start({ readTimeoutMs: 1_000, ...options })
  t.after(() => health.stop())
  return health
}

/** The names of the components and the fields that the reference knows, without this runtime's times. */
export function plain(
  report: ReadonlyMap<string, { status: number; message: string; metadata: object }>,
) {
  return [...report].map(([name, { status, message, metadata }]) => ({
    name,
    status,
    message,
    metadata: { ...metadata },
  }))
}
