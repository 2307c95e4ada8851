// Makes things fail on request, to see what the probes say then. Main thread.
import { assertNever } from '../../src/model/errors.js'
import { BLOCKINGS } from './blocking.js'
import type { Fault } from './options.js'

export interface FaultTargets {
  /** Its name, or undefined if none runs. */
  killCollector(): string | undefined
  /** Its name, or undefined if none runs. */
  hangCollector(durationMs: number): string | undefined
  killManager(): void
  stallSink(durationMs: number): void
  /** Says itself what came of it. */
  fillMemory(durationMs: number): void
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
  // Told with the time, as of before it: who measures how long a verdict takes counts from there.
  const log = (what: string) => targets.log(`fault: ${what}, at ${new Date().toISOString()}`)
  switch (fault.kind) {
    case 'block-main':
    case 'regex':
    case 'wait':
    case 'crypto':
      log(`the main thread is busy for ${fault.forMs / 1000} s from now on`)
      targets.breadcrumb(`the fault ${fault.kind}`)
      BLOCKINGS[fault.kind](fault.forMs)
      targets.breadcrumb('')
      log('the main thread is back')
      return
    case 'stall-sink':
      log(`the destination takes nothing for ${fault.forMs / 1000} s from now on`)
      targets.stallSink(fault.forMs)
      return
    case 'fill-memory':
      log('filling the memory up to the threshold of memory pressure')
      targets.fillMemory(fault.forMs)
      return
    case 'hang-collector':
      log('letting a collector hang')
      targets.log(`fault: hung collector ${targets.hangCollector(fault.forMs) ?? '(none runs)'}`)
      return
    case 'kill-collector':
      log('killing a collector')
      targets.log(`fault: killed collector ${targets.killCollector() ?? '(none runs)'}`)
      return
    case 'kill-manager':
      log('killing the thread that keeps the health')
      targets.killManager()
      return
    default:
      assertNever(fault)
  }
}
