// Checks of what users pass in. Each throws ERR_HEALTH_ARGUMENT naming the argument and its value, at once.
import { types } from 'node:util'
import { argumentError, isArray, show } from './errors.js'
import type { HealthStatus } from './health-status.js'

export const MAX_NAME_BYTES = 255
/** The longest time that timers take, in ms. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1

/**
 * What users may pass as metadata: null and undefined keep the previous metadata, an empty object clears it. Its own
 * enumerable properties count, in their order. An instance of a class is taken for what its fields say; what has none and
 * is no plain object (a Map, a Date) is refused, as it would clear what it was meant to set.
 */
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

const METADATA_RULE = 'must be a plain object of strings, null or undefined'

/**
 * Keys and values of metadata, one after the other, in an array of exactly that size: one that grows is several times as
 * large. Each value is read once, as a getter may give another the next time. The metadata itself is never shown in an
 * error, as it may hold a secret: only the key and the type of what is wrong.
 */
export function metadataPairs(metadata: unknown): readonly string[] {
  if (typeof metadata !== 'object' || metadata === null) {
    throw argumentError('typeof metadata', typeof metadata, METADATA_RULE)
  }
  const { kind, pairs } = readMetadata(metadata as Record<string, unknown>)
  if (kind !== undefined) throw argumentError('typeof metadata', kind, METADATA_RULE)
  for (let i = 1; i < pairs.length; i += 2) {
    const value = pairs[i]
    if (typeof value !== 'string') {
      throw argumentError(
        `typeof metadata[${show(pairs[i - 1])}]`,
        typeof value,
        'must be a string',
      )
    }
  }
  return pairs as string[]
}

/** All that runs code of the metadata's own, which may throw whatever it likes. `kind` is there for what is no metadata. */
function readMetadata(metadata: Record<string, unknown>) {
  try {
    const keys = Object.keys(metadata)
    const kind = kindOfMisfit(metadata, keys.length)
    const pairs = new Array<unknown>(kind === undefined ? keys.length * 2 : 0)
    for (let i = 0; i < pairs.length; i += 2) {
      const key = keys[i / 2]!
      pairs[i] = key
      pairs[i + 1] = metadata[key]
    }
    return { kind, pairs }
  } catch (cause) {
    throw argumentError('metadata', metadata, UNREADABLE, { cause })
  }
}

const UNREADABLE = 'could not be read'

function kindOfMisfit(metadata: object, keyCount: number): string | undefined {
  const prototype: object | null = Object.getPrototypeOf(metadata)
  if (prototype === Object.prototype || prototype === null) return undefined
  if (Array.isArray(metadata)) return 'array'
  if (types.isMap(metadata)) return 'Map'
  if (types.isSet(metadata)) return 'Set'
  if (types.isDate(metadata)) return 'Date'
  if (types.isBoxedPrimitive(metadata)) return 'boxed primitive'
  // The plain objects of another realm have a prototype without a prototype, too.
  return keyCount > 0 || Object.getPrototypeOf(prototype) === null ? undefined : 'object'
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

/** A count of things so far; any finite number from 0 up, of which the whole part counts. */
export function checkCount(count: unknown, argument: string): asserts count is number {
  if (typeof count !== 'number' || !Number.isFinite(count) || count < 0) {
    throw argumentError(argument, count, 'must be a finite number, 0 or more')
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

/** What `read` gives of an argument; what a proxy or a getter throws instead becomes the cause. */
export function readArgument<T>(argument: string, value: unknown, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    throw argumentError(argument, value, UNREADABLE, { cause })
  }
}

/** An object that has none but these keys: a misspelt option must not go unnoticed. */
export function checkOptions(options: unknown, argument: string, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || isArray(options)) {
    throw argumentError(argument, options, 'must be an object')
  }
  for (const key of readArgument(argument, options, () => Object.keys(options))) {
    if (!known.includes(key)) {
      throw argumentError(
        argument,
        key,
        known.length === 0 ? 'no option is known' : `must be one of ${known.join(', ')}`,
      )
    }
  }
}

/** `checkOptions`, and a copy with each option read once: a getter may throw, or give another value the next time. */
export function readOptions<T extends object>(
  options: T,
  argument: string,
  known: readonly (keyof T & string)[],
): T {
  checkOptions(options, argument, known)
  return readArgument(argument, options, () => {
    const copy: Partial<T> = {}
    for (const name of known) copy[name] = options[name]
    return copy as T
  })
}
