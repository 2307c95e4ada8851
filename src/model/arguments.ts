// Checks of what users pass in. Each throws ERR_HEALTH_ARGUMENT naming the argument and its value, at once.
import { argumentError, show } from './errors.js'
import type { HealthStatus } from './health-status.js'

export const MAX_NAME_BYTES = 255

/** What users may pass as metadata: null and undefined keep the previous metadata, an empty object clears it. */
export type MetadataInput = Readonly<Record<string, string>> | null | undefined

export function checkName(name: unknown, argument = 'name'): asserts name is string {
  if (typeof name !== 'string') throw argumentError(argument, name, 'must be a string')
  if (name === '') throw argumentError(argument, name, 'must not be empty')
  // A string has at most three bytes a UTF-16 unit, so most names need no count.
  if (name.length * 3 > MAX_NAME_BYTES && Buffer.byteLength(name) > MAX_NAME_BYTES) {
    throw argumentError(argument, name, `must be at most ${MAX_NAME_BYTES} bytes of UTF-8`)
  }
}

export function checkStatus(status: unknown): asserts status is HealthStatus {
  if (status !== 0 && status !== 1 && status !== 2 && status !== 3) {
    throw argumentError('status', status, 'must be 0, 1, 2 or 3')
  }
}

export function checkMessage(message: unknown): asserts message is string {
  if (typeof message !== 'string') throw argumentError('message', message, 'must be a string')
}

/** The metadata itself is never shown in the error, as it may hold a secret: only the key and the type of what is wrong. */
export function checkMetadata(metadata: unknown): asserts metadata is Record<string, string> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    const kind = Array.isArray(metadata) ? 'array' : typeof metadata
    throw argumentError('typeof metadata', kind, 'must be an object of strings, null or undefined')
  }
  for (const key of Object.keys(metadata)) {
    const value: unknown = (metadata as Record<string, unknown>)[key]
    if (typeof value !== 'string') {
      throw argumentError(`typeof metadata[${show(key)}]`, typeof value, 'must be a string')
    }
  }
}

/** Any finite duration from 0 ms up. */
export function checkDurationMs(
  durationMs: unknown,
  argument = 'durationMs',
): asserts durationMs is number {
  if (typeof durationMs !== 'number' || !Number.isFinite(durationMs) || durationMs < 0) {
    throw argumentError(argument, durationMs, 'must be a finite number of ms, 0 or more')
  }
}

export function checkBoolean(value: unknown, argument: string): asserts value is boolean {
  if (typeof value !== 'boolean') throw argumentError(argument, value, 'must be a boolean')
}

export function checkInteger(
  value: unknown,
  argument: string,
  minimum: number,
  maximum: number,
): asserts value is number {
  if (!Number.isInteger(value) || (value as number) < minimum || (value as number) > maximum) {
    throw argumentError(argument, value, `must be an integer from ${minimum} to ${maximum}`)
  }
}

/** An object that has none but these keys: a misspelt option must not go unnoticed. */
export function checkOptions(options: unknown, argument: string, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw argumentError(argument, options, 'must be an object')
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw argumentError(
        argument,
        key,
        known.length === 0 ? 'no option is known' : `must be one of ${known.join(', ')}`,
      )
    }
  }
}
