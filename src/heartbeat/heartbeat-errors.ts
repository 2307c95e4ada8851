// What is told of heartbeats that fail. Without secrets: what a message of a server says has been freed of the token.
import { HealthError } from '../model/errors.js'
import { type OperatorType, operatorTypeName } from './operator-type.js'
import type { CallError } from './transport.js'

/** A call to the control plane that failed with all its attempts. */
export function callFailed(
  operatorType: OperatorType,
  { attempts, error }: { readonly attempts: number; readonly error: CallError },
): HealthError {
  const what = `operatorType=${operatorTypeName(operatorType)} code=${error.code} attempts=${attempts}`
  return new HealthError(
    'ERR_HEALTH_HEARTBEAT',
    `the heartbeat was not received: ${what}: ${error.message}`,
    { cause: error },
  )
}

/** A report that could not be made, so that there was nothing to send. */
export function reportFailed(operatorType: OperatorType, cause: unknown): HealthError {
  const why = cause instanceof Error ? cause.message : 'it threw what is no error'
  return new HealthError(
    'ERR_HEALTH_HEARTBEAT',
    `no heartbeat could be made: operatorType=${operatorTypeName(operatorType)}: ${why}`,
    { cause },
  )
}
