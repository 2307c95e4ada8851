// A line for people who look at the process's output, from a thread whose own streams may be mute.
import { writeSync } from 'node:fs'

/** Not process.stderr, which in a worker waits for the main thread's loop. */
export function sayOnStandardError(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // Standard error is closed or full: nobody to tell, and no reason not to answer probes.
  }
}
