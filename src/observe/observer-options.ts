// What a transition observer is, and how it is called. Types, and the checks of what users pass in.
import type { ResourceLimits } from 'node:worker_threads'
import { checkInteger, checkOptions, MAX_TIMEOUT_MS, readArgument } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import type { Gap, Transition } from '../model/transition.js'
import type { HealthManager } from '../runtime/health-manager.js'

/**
 * Told of every transition, in order. What it returns is awaited; what it throws, or rejects with, is counted and told,
 * and changes nothing else. `health` is attached in the thread that the observer runs in; every method may be called. A function
 * that awaits the `stop()` of the runtime waits for itself, for `observerDrainMs` at most.
 */
export type TransitionObserver = (
  transition: Transition,
  health: HealthManager,
) => void | Promise<void>

/** Told, in its place in the order, how many transitions an observer was too slow for. */
export type GapObserver = (gap: Gap, health: HealthManager) => void | Promise<void>

export interface ObserverOptions {
  /** How long one call may take, in ms, before it is counted and left to itself and the next one begins. Default 30,000. */
  timeoutMs?: number
  /** How many calls may be under way at a time, 1 to 1,024. They begin in order. Default 1. */
  concurrency?: number
  /** Called where transitions were overwritten before the observer got to them. A module exports its own as `onGap`. */
  onGap?: GapObserver
  /** Of a module's thread, as for Node's Worker. Default 256 MB of old generation. */
  resourceLimits?: ResourceLimits
}

export interface CallSettings {
  readonly timeoutMs: number
  readonly concurrency: number
}

export interface ObserverSettings extends CallSettings {
  readonly onGap: GapObserver | undefined
  readonly resourceLimits: ResourceLimits
}

const LIMIT_NAMES = [
  'maxOldGenerationSizeMb',
  'maxYoungGenerationSizeMb',
  'codeRangeSizeMb',
  'stackSizeMb',
]

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function resolveObserverOptions(
  observer: unknown,
  options: ObserverOptions,
): ObserverSettings {
  const isModule = readArgument('observer', observer, () => observer instanceof URL)
  if (observer !== null && typeof observer !== 'function' && !isModule) {
    throw argumentError('observer', observer, 'must be a function, a URL or null')
  }
  const known = isModule ? ['resourceLimits'] : ['onGap']
  checkOptions(options, 'options', ['timeoutMs', 'concurrency', ...known])
  const { timeoutMs = 30_000, concurrency = 1, onGap, resourceLimits = {} } = options
  checkInteger(timeoutMs, 'timeoutMs', 1, MAX_TIMEOUT_MS)
  checkInteger(concurrency, 'concurrency', 1, 1024)
  if (onGap !== undefined && typeof onGap !== 'function') {
    throw argumentError('onGap', onGap, 'must be a function')
  }
  checkOptions(resourceLimits, 'resourceLimits', LIMIT_NAMES)
  const limits = { maxOldGenerationSizeMb: 256, ...resourceLimits }
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === 'number' && value > 0 && Number.isFinite(value)) continue
    throw argumentError(`resourceLimits.${name}`, value, 'must be a positive number of MB')
  }
  return { timeoutMs, concurrency, onGap, resourceLimits: limits }
}
