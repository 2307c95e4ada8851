// The option that says where a bundler has put the worker entries, the same for every part of the runtime that has one.
import { fileURLToPath } from 'node:url'
import { argumentError } from '../model/errors.js'

/**
 * The option `workerBaseUrl`, as a string that nobody can change any more.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` for what no thread can be started from: its entry is a file of this machine.
 */
export function checkWorkerBaseUrl(url: unknown): string | undefined {
  if (url === undefined) return undefined
  let shown = url
  try {
    const base = url instanceof URL ? url.href : url
    shown = base
    if (typeof base === 'string' && fileURLToPath(new URL('entry.js', base))) return base
  } catch {
    // Refused below, as whatever else is no such URL.
  }
  const rule = "must be a 'file:' URL of this machine, or a string that is one"
  throw argumentError('workerBaseUrl', shown, rule)
}
