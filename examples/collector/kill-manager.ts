// The fault `kill-manager` alone knows this hook of the runtime, which is not part of the public index. Main thread.
import type { HealthManager } from '../../src/index.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'

/** Ends the manager actor at any instruction, as a bug or the kernel would. The runtime restarts it. */
export function killManager(health: HealthManager, log: (line: string) => void): void {
  terminateManagerForFault(health).catch((error: Error) => log(`fault: ${error.message}`))
}
