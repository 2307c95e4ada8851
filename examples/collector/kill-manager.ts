// The fault `kill-manager` alone knows this hook of the runtime. Main thread.
import type { HealthManager } from '../../src/index.js'

/** Ends the manager actor at any instruction, as a bug or the kernel would. The runtime restarts it. */
export function killManager(health: HealthManager): void {
  void health
  throw new Error('not wired yet')
}
