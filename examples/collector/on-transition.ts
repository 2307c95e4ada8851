// The collector's transition observer: a line on standard error for each transition, and, where the environment has a
// WEBHOOK_URL, a POST. Runs in the queue worker, so it goes on while the main thread is stuck; and writes by itself, as a
// worker's own streams pass through the main thread.
import { writeSync } from 'node:fs'
import {
  type GapObserver,
  healthStatusName,
  type TransitionObserver,
  webhookObserver,
} from '../../src/index.js'

const url = process.env['WEBHOOK_URL']
const webhook = url ? webhookObserver({ url }) : undefined

const observe: TransitionObserver = (transition, health) => {
  const { number, component, oldStatus, newStatus, message } = transition
  const change = `${healthStatusName(oldStatus)} -> ${healthStatusName(newStatus)}`
  write(`transition ${number}: ${component} ${change}: ${message}`)
  return webhook?.(transition, health)
}

export default observe

export const onGap: GapObserver = (gap, health) => {
  write(`${gap.missed} transitions were missed`)
  return webhook?.onGap(gap, health)
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
