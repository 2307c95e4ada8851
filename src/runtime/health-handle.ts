// What a thread needs to join a runtime that another one has started.
import { openRegion, type Region } from '../memory/region.js'
import { checkInteger } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import type { Policy } from '../model/policy.js'
import { MAX_TIMEOUT_MS } from './options.js'

/** Everything another thread needs to attach. Structured-cloneable, may be given to any number of threads; opaque. */
export interface HealthHandle {
  readonly region: SharedArrayBuffer
  readonly policy: Policy
  readonly publishTimeoutMs: number
  readonly readTimeoutMs: number
}

/**
 * The region of a handle that came from anywhere.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` if the handle is none, `ERR_HEALTH_LAYOUT` if its region is of another version.
 */
export function openHandle(handle: HealthHandle): Region {
  if (typeof handle !== 'object' || handle === null || typeof handle.policy !== 'object') {
    throw argumentError('handle', handle, 'must be what handle() returned')
  }
  const region = openRegion(handle.region)
  checkInteger(handle.publishTimeoutMs, 'handle.publishTimeoutMs', 0, MAX_TIMEOUT_MS)
  checkInteger(handle.readTimeoutMs, 'handle.readTimeoutMs', 0, MAX_TIMEOUT_MS)
  return region
}
