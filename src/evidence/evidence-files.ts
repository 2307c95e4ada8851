// Writes last words, from whichever thread is still able to: synchronously, as there may be no later.
import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { type EvidenceSettings, TERMINATION_LOG } from './evidence-settings.js'
import type { Incident } from './incident.js'
import { lastWords, wholeIncident } from './last-words.js'

/** Never throws. What can't be written is told to `say`. */
export function writeEvidence(
  incident: Incident,
  { terminationLog, incidentFile }: EvidenceSettings,
  say: (text: string) => void,
): void {
  if (terminationLog !== undefined) tryWrite(terminationLog, () => lastWords(incident), say)
  if (incidentFile !== undefined) tryWrite(incidentFile, () => wholeIncident(incident), say)
}

function tryWrite(path: string, render: () => string, say: (text: string) => void): void {
  try {
    write(path, Buffer.from(render()))
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    say(`health-actor: last words could not be written: path=${path}: ${why}\n`)
  }
}

/**
 * In place: a termination log is mounted, and can't be replaced by another file. Not blocked by a path that is a pipe without
 * a reader. The kubelet's own file is not made where it was not there.
 */
function write(path: string, bytes: Uint8Array): void {
  const { O_WRONLY, O_TRUNC, O_CREAT, O_NONBLOCK = 0 } = constants
  const flags = O_WRONLY | O_TRUNC | O_NONBLOCK | (path === TERMINATION_LOG ? 0 : O_CREAT)
  const file = openSync(path, flags, 0o644)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at)
  } finally {
    closeSync(file)
  }
}
