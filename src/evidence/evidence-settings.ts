// Where last words go, checked once. Host thread.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { checkName } from '../model/arguments.js'
import { argumentError, isArray } from '../model/errors.js'

/** Where a kubelet looks for the last words of a container, unless its pod says otherwise. */
export const TERMINATION_LOG = '/dev/termination-log'

export interface EvidenceOptions {
  /**
   * The file whose first 4 KiB a kubelet shows as the message of a container that has ended. Default
   * `/dev/termination-log` where that is there; false for none.
   */
  terminationLog?: string | false
  /** A file for the whole of it, replaced by each incident. On a local disk: a probe waits while it is written. Default: none. */
  incidentFile?: string
  /** Components that are unhealthy when an event loop is stuck. Default `['event_loop']`. */
  wedgeComponents?: readonly string[]
}

/** Structured-cloneable. */
export interface EvidenceSettings {
  readonly terminationLog: string | undefined
  readonly incidentFile: string | undefined
  readonly wedgeComponents: readonly string[]
}

/** Undefined where there is no file to write. @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function resolveEvidence(options: EvidenceOptions): EvidenceSettings | undefined {
  const { terminationLog, incidentFile, wedgeComponents = ['event_loop'] } = options
  if (terminationLog !== undefined && terminationLog !== false) {
    checkPath(terminationLog, 'terminationLog')
  }
  if (incidentFile !== undefined) checkPath(incidentFile, 'incidentFile')
  if (!isArray(wedgeComponents)) {
    throw argumentError('wedgeComponents', wedgeComponents, 'must be an array of names')
  }
  for (const name of wedgeComponents) checkName(name, 'wedgeComponents[]')
  const settings: EvidenceSettings = {
    terminationLog: terminationLogOf(terminationLog),
    incidentFile: incidentFile && resolve(incidentFile),
    wedgeComponents: [...wedgeComponents],
  }
  const isWritten = settings.terminationLog !== undefined || settings.incidentFile !== undefined
  return isWritten ? settings : undefined
}

function terminationLogOf(given: string | false | undefined): string | undefined {
  if (given === undefined) return existsSync(TERMINATION_LOG) ? TERMINATION_LOG : undefined
  return given === false ? undefined : resolve(given)
}

function checkPath(path: unknown, name: string): asserts path is string {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw argumentError(name, path, 'must be the path of a file')
  }
}
