// What users can configure, with the defaults, checked once at the start.
import { layoutFor, WORD_BYTES } from '../memory/layout.js'
import {
  checkInteger,
  checkName,
  MAX_TIMEOUT_MS,
  readArgument,
  readOptions,
} from '../model/arguments.js'
import { argumentError, isArray } from '../model/errors.js'
import type { Policy } from '../model/policy.js'
import {
  type MemoryPressureOptions,
  type MemoryPressureSettings,
  resolveMemoryPressure,
} from '../watch/memory-pressure-options.js'
import type { RestartLimits } from './restart-intensity.js'
import { checkWorkerBaseUrl } from './worker-base-url.js'

/** Options of `HealthManager.start()`. All sizes are fixed for the life of the runtime; untouched memory costs nothing. */
export interface HealthManagerOptions {
  /** Which components decide the verdicts. */
  policy?: {
    /** Any of these that is registered and unhealthy fails liveness. Default `['collector_manager']`. */
    liveness?: readonly string[]
    /** These must be healthy or degraded for readiness, checked in this order. Default `['collector_manager', 'dakr_transport']`. */
    readiness?: readonly string[]
    /** What a readiness component that is not registered does. Default `'fail'`. */
    unregistered?: 'fail' | 'skip'
  }
  /** Components registered at the same time, 1 to 1,000,000. Default 10,000. */
  maxComponents?: number
  /** Attachments at the same time, the host's own and that of `memoryPressure` included, 2 to 1,024. Default 128. */
  maxThreads?: number
  /**
   * Bytes of each attachment's mailbox, rounded up to a power of two. Default 256 KiB; from twice `maxPayloadBytes` plus 4
   * KiB to 256 MiB.
   */
  mailboxBytes?: number
  /**
   * Bytes of the journal's records, 64 a transition, rounded up to a power of two, 4 KiB to 256 MiB. Default 256 KiB: the
   * last 4,000 or so transitions, fewer while the heap is short of room.
   */
  journalBytes?: number
  /** Bytes of UTF-8 that one message, or one component's metadata, may have; what is longer is cut. 64 to 1 MiB, default 64 KiB. */
  maxPayloadBytes?: number
  /** Bytes for all messages, metadata and names together, at most 1 GiB. Default 16 MiB plus 512 a component. */
  heapBytes?: number
  /** How long an update waits for room in its thread's full mailbox, in ms, before `ERR_HEALTH_BACKPRESSURE`. Default 2,000. */
  publishTimeoutMs?: number
  /** How long a read waits for reports that are not applied yet, in ms, before it answers with the last applied state. Default 100. */
  readTimeoutMs?: number
  /** How long a stop waits for observers to be told of the last transitions, in ms; what is left is counted and told. Default 5,000. */
  observerDrainMs?: number
  /**
   * How long a suppression lasts at most, in ms, however often it is asked for again: 1 to 2,147,483,647, or `Infinity`.
   * Default 600,000. See `suppressLiveness`.
   */
  maxSuppressionMs?: number
  /** How often a dead actor is restarted before the supervisor gives up. Default 5 times in 10,000 ms. */
  restarts?: { max?: number; withinMs?: number }
  /**
   * Whether the manager actor watches the memory of this process's cgroup and reports it as `memory_pressure`, as a
   * `MemoryPressureMonitor` does, also while every other thread is stuck. Default false.
   */
  memoryPressure?: boolean | MemoryPressureOptions
  /**
   * Where the worker entries are, for programs whose bundler has moved them: a `file:` URL that ends in `/`. Default: beside
   * this package's code.
   */
  workerBaseUrl?: string | URL
}

/** The options with every default filled in. */
export interface Settings {
  readonly policy: Policy
  readonly maxComponents: number
  readonly maxThreads: number
  readonly mailboxBytes: number
  readonly journalBytes: number
  readonly maxPayloadBytes: number
  readonly heapBytes: number
  readonly publishTimeoutMs: number
  readonly readTimeoutMs: number
  readonly observerDrainMs: number
  /** `Infinity` for no bound. */
  readonly maxSuppressionMs: number
  readonly restarts: RestartLimits
  /** Undefined where nobody is to watch. */
  readonly memoryPressure: MemoryPressureSettings | undefined
  readonly workerBaseUrl: string | undefined
}

/** What every thread that sets an observer has to know. Structured-cloneable. */
export interface ObserverHosting {
  readonly drainMs: number
  readonly restarts: RestartLimits
  readonly workerBaseUrl: string | undefined
}

/** More than any machine that this runs on should give it. */
const MAX_REGION_BYTES = 2 ** 32

const OPTION_NAMES: (keyof HealthManagerOptions)[] = [
  'policy',
  'maxComponents',
  'maxThreads',
  'mailboxBytes',
  'journalBytes',
  'maxPayloadBytes',
  'heapBytes',
  'publishTimeoutMs',
  'readTimeoutMs',
  'observerDrainMs',
  'maxSuppressionMs',
  'restarts',
  'memoryPressure',
  'workerBaseUrl',
]

const POLICY_NAMES: (keyof Policy)[] = ['liveness', 'readiness', 'unregistered']

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range. */
export function resolveOptions(given: HealthManagerOptions = {}): Settings {
  const options = readOptions(given, 'options', OPTION_NAMES)
  const integer = (
    name: keyof HealthManagerOptions,
    standard: number,
    minimum: number,
    maximum: number,
  ) => {
    const { [name]: value = standard } = options
    checkInteger(value, name, minimum, maximum)
    return value
  }
  const maxComponents = integer('maxComponents', 10_000, 1, 1_000_000)
  const maxPayloadBytes = integer('maxPayloadBytes', 64 * 1024, 64, 1024 * 1024)
  const minMailboxBytes = 2 * maxPayloadBytes + 4096
  const mailboxBytes = integer(
    'mailboxBytes',
    Math.max(256 * 1024, minMailboxBytes),
    minMailboxBytes,
    2 ** 28,
  )
  const minHeapBytes = 8 * maxPayloadBytes + maxComponents * 128
  const { policy, restarts = {} } = options
  const settings = {
    policy: resolvePolicy(policy),
    maxComponents,
    maxThreads: integer('maxThreads', 128, 2, 1024),
    mailboxBytes: powerOfTwo(mailboxBytes),
    journalBytes: powerOfTwo(integer('journalBytes', 256 * 1024, 4096, 2 ** 28)),
    maxPayloadBytes,
    heapBytes: integer(
      'heapBytes',
      Math.max(minHeapBytes, 16 * 1024 * 1024 + maxComponents * 512),
      minHeapBytes,
      2 ** 30,
    ),
    publishTimeoutMs: integer('publishTimeoutMs', 2_000, 0, MAX_TIMEOUT_MS),
    readTimeoutMs: integer('readTimeoutMs', 100, 0, MAX_TIMEOUT_MS),
    maxSuppressionMs:
      options.maxSuppressionMs === Number.POSITIVE_INFINITY
        ? options.maxSuppressionMs
        : integer('maxSuppressionMs', 600_000, 1, MAX_TIMEOUT_MS),
    observerDrainMs: integer('observerDrainMs', 5_000, 0, MAX_TIMEOUT_MS),
    restarts: checkRestarts(restarts),
    memoryPressure: memoryPressureOf(options.memoryPressure),
    workerBaseUrl: checkWorkerBaseUrl(options.workerBaseUrl),
  }
  checkRegionSize(settings)
  return settings
}

function memoryPressureOf(option: HealthManagerOptions['memoryPressure'] = false) {
  if (option === false) return undefined
  return resolveMemoryPressure(option === true ? {} : option, 'memoryPressure')
}

/** @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function checkRestarts(restarts: { max?: number; withinMs?: number }): RestartLimits {
  const { max = 5, withinMs = 10_000 } = readOptions(restarts, 'restarts', ['max', 'withinMs'])
  checkInteger(max, 'restarts.max', 0, 1_000_000)
  checkInteger(withinMs, 'restarts.withinMs', 1, MAX_TIMEOUT_MS)
  return { max, withinMs }
}

/** Places in the region are held in 32-bit words; a region of half of what these can count is more than anybody needs. */
function checkRegionSize(settings: Settings): void {
  const regionBytes = layoutFor(settings).totalWords * WORD_BYTES
  if (regionBytes <= MAX_REGION_BYTES) return
  const { maxComponents, maxThreads, mailboxBytes, journalBytes, heapBytes } = settings
  throw argumentError(
    'regionBytes',
    regionBytes,
    `must be at most ${MAX_REGION_BYTES}, with maxComponents=${maxComponents} maxThreads=${maxThreads} mailboxBytes=${mailboxBytes} journalBytes=${journalBytes} heapBytes=${heapBytes}`,
  )
}

function resolvePolicy(policy: HealthManagerOptions['policy'] = {}): Policy {
  const {
    liveness = ['collector_manager'],
    readiness = ['collector_manager', 'dakr_transport'],
    unregistered = 'fail',
  } = readOptions(policy, 'policy', POLICY_NAMES)
  return checkPolicy({ liveness, readiness, unregistered }, 'policy')
}

/**
 * A copy of a policy that leaves nothing to a default.
 * @throws HealthError `ERR_HEALTH_ARGUMENT` naming the part of `argument` that is not of the documented form.
 */
export function checkPolicy(given: Policy, argument: string): Policy {
  const policy = readOptions(given, argument, POLICY_NAMES)
  const liveness = namesOf(policy.liveness, `${argument}.liveness`)
  const readiness = namesOf(policy.readiness, `${argument}.readiness`)
  const { unregistered } = policy
  if (unregistered !== 'fail' && unregistered !== 'skip') {
    throw argumentError(`${argument}.unregistered`, unregistered, "must be 'fail' or 'skip'")
  }
  return { liveness, readiness, unregistered }
}

function namesOf(list: readonly string[], argument: string): string[] {
  if (!isArray(list)) throw argumentError(argument, list, 'must be an array of names')
  const names = readArgument(argument, list, () => [...list])
  for (const name of names) checkName(name, `${argument}[]`)
  // The second time says nothing new, and readers look at each component once.
  return [...new Set(names)]
}

function powerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value))
}
