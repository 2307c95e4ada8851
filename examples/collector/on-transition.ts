// The collector's transition observer: a line on standard error for each transition. Runs in the queue worker, so it goes on
// while the main thread is stuck; and writes by itself, as a worker's own streams pass through the main thread.
import { writeSync } from 'node:fs'
import { type Gap, healthStatusName, type Transition } from '../../src/index.js'

export default function observe(transition: Transition): void {
  const { number, component, oldStatus, newStatus, message } = transition
  const change = `${healthStatusName(oldStatus)} -> ${healthStatusName(newStatus)}`
  write(`transition ${number}: ${component} ${change}: ${message}`)
}

export function onGap({ missed }: Gap): void {
  write(`${missed} transitions were missed`)
}

/** A reader of standard error that is behind, or gone, loses lines: it must hold nobody up. */
function write(line: string): void {
  try {
    writeSync(2, `${line}\n`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EAGAIN' && code !== 'EPIPE') throw error
  }
}
