// Makes things fail on request, to see what the probes say then. Main thread.
import { assertNever } from '../../src/model/errors.js'
import type { Fault } from './options.js'

export interface FaultTargets {
  /** Its name, or undefined if none runs. */
  killCollector(): string | undefined
  killManager(): void
  stallSink(durationMs: number): void
  /** What the main thread is at; '' for nothing in particular. */
  breadcrumb(text: string): void
  log(line: string): void
}

/** Returns a function that calls off what has not happened yet. */
export function scheduleFaults(faults: readonly Fault[], targets: FaultTargets): () => void {
  const timers = faults.map((fault) => setTimeout(() => inflict(fault, targets), fault.atMs))
  return () => {
    for (const timer of timers) clearTimeout(timer)
  }
}

function inflict(fault: Fault, targets: FaultTargets): void {
  switch (fault.kind) {
    case 'block-main':
      targets.log(`fault: the main thread is busy for ${fault.forMs / 1000} s from now on`)
      targets.breadcrumb('the fault block-main')
      blockThisThread(fault.forMs)
      targets.breadcrumb('')
      targets.log('fault: the main thread is back')
      return
    case 'stall-sink':
      targets.log(`fault: the destination takes nothing for ${fault.forMs / 1000} s from now on`)
      targets.stallSink(fault.forMs)
      return
    case 'kill-collector':
      targets.log(`fault: killed collector ${targets.killCollector() ?? '(none runs)'}`)
      return
    case 'kill-manager':
      targets.log('fault: killing the thread that keeps the health')
      targets.killManager()
      return
    default:
      assertNever(fault)
  }
}

/** Busy, not asleep: what a runaway computation looks like to everything else in the process. */
function blockThisThread(durationMs: number): void {
  const endMs = performance.now() + durationMs
  while (performance.now() < endMs) {
    // nothing: that is the fault
  }
}
