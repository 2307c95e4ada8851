// Checks of what users report of connectors. Pure.
import { checkOptions, readArgument } from '../model/arguments.js'
import { argumentError, isArray } from '../model/errors.js'
import { type Timestamp, toTimestamp } from './request.js'
import type { ConnectorHealth } from './wire.js'

/** Whether one connector works. */
export interface ConnectorHealthInput {
  readonly connectorId: string
  /** In the control plane's words. */
  readonly status: string
  readonly error?: string
  /** Default: now. */
  readonly checkedAt?: Date | Timestamp
}

const MAX_CONNECTORS = 10_000

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function checkConnectors(
  statuses: readonly ConnectorHealthInput[],
): readonly ConnectorHealth[] {
  if (!isArray(statuses) || statuses.length > MAX_CONNECTORS) {
    throw argumentError('statuses', statuses, `must be an array of at most ${MAX_CONNECTORS}`)
  }
  return statuses.map((given, index) => {
    const argument = `statuses[${index}]`
    checkOptions(given, argument, ['connectorId', 'status', 'error', 'checkedAt'])
    const copy = readArgument(argument, given, () => ({ ...given }))
    const { connectorId, status, error, checkedAt = new Date() } = copy
    return {
      connectorId: textOf(connectorId, `${argument}.connectorId`),
      status: textOf(status, `${argument}.status`),
      ...(error !== undefined && { error: textOf(error, `${argument}.error`) }),
      checkedAt: toTimestamp(checkedAt, `${argument}.checkedAt`),
    }
  })
}

function textOf(text: unknown, argument: string): string {
  if (typeof text !== 'string') throw argumentError(argument, text, 'must be a string')
  return text.toWellFormed()
}
