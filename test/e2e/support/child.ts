// Runs a program of these tests in a process of its own, so that its exit code, its signal and what keeps it
// alive can be asserted. Host thread only.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export interface Ending {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** Each line of stdout, parsed. */
  readonly said: readonly Record<string, unknown>[]
  readonly stderr: string
}

const DEADLINE_MS = 120_000

/** Runs `entry` (relative to this folder, as built) to its end; one that hangs is killed, and ends by SIGKILL. */
export function runChild(entry: string, args: readonly string[], flags: readonly string[] = []) {
  const path = fileURLToPath(new URL(entry, import.meta.url))
  const child = spawn(process.execPath, [...flags, path, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise<Ending>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => {
      const lines = stdout.split('\n').filter((line) => line !== '')
      resolve({ code, signal, stderr, said: lines.map((line) => JSON.parse(line)) })
    })
  })
}
