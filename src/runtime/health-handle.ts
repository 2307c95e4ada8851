// What a thread needs to join a runtime that another one has started.
import { openRegion, type Region } from '../memory/region.js'
import { checkInteger, checkOptions, MAX_TIMEOUT_MS, readArgument } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import type { Policy } from '../model/policy.js'
import { checkPolicy, checkRestarts, type ObserverHosting } from './options.js'
import { checkWorkerBaseUrl } from './worker-base-url.js'

/** Everything another thread needs to attach. Structured-cloneable, may be given to any number of threads; opaque. */
export interface HealthHandle {
  readonly region: SharedArrayBuffer
  readonly policy: Policy
  readonly publishTimeoutMs: number
  readonly readTimeoutMs: number
  readonly observers: ObserverHosting
}

/**
 * The region of a handle that came from anywhere, and a copy of it, so that no part changes once it was checked.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` if the handle is none, `ERR_HEALTH_LAYOUT` if its region is of another version.
 */
export function openHandle(given: HealthHandle): { region: Region; handle: HealthHandle } {
  if (typeof given !== 'object' || given === null) {
    throw argumentError('handle', given, 'must be what handle() returned')
  }
  const copy = readArgument('handle', given, () => ({ ...given }))
  // First: a handle of another version may have a policy of another form.
  const region = openRegion(copy.region)
  const policy = checkPolicy(copy.policy, 'handle.policy')
  checkInteger(copy.publishTimeoutMs, 'handle.publishTimeoutMs', 0, MAX_TIMEOUT_MS)
  checkInteger(copy.readTimeoutMs, 'handle.readTimeoutMs', 0, MAX_TIMEOUT_MS)
  const observers = checkObservers(copy.observers)
  return { region, handle: { ...copy, policy, observers } }
}

function checkObservers(given: ObserverHosting): ObserverHosting {
  checkOptions(given, 'handle.observers', ['drainMs', 'restarts', 'workerBaseUrl'])
  const { drainMs, restarts, workerBaseUrl } = given
  checkInteger(drainMs, 'handle.observers.drainMs', 0, MAX_TIMEOUT_MS)
  return {
    drainMs,
    restarts: checkRestarts(restarts),
    workerBaseUrl: checkWorkerBaseUrl(workerBaseUrl),
  }
}
