// What a reader gets: the status of one component, and the report of all of them at one instant.
import { inspect } from 'node:util'
import type { HealthStatus } from './health-status.js'

/** The status of one component at the instant of a read. Frozen: it never changes after it was returned. */
export interface ComponentStatus {
  readonly status: HealthStatus
  readonly message: string
  /** Null prototype; `__proto__` is an ordinary key. Empty where none was given, never missing. */
  readonly metadata: Readonly<Record<string, string>>
  /** Epoch ms of the last transition, or of the registration before the first one. */
  readonly since: number
  /** Epoch ms at which the last update was applied. A repeated identical update is not applied. */
  readonly updatedAt: number
}

/**
 * All registered components at one instant, sorted by the UTF-8 bytes of their names. Reads as a Map and is none: use
 * `new Map(report)` to clone it, to send it to another thread, or to compare it with another one.
 */
export type HealthReport = ReadonlyMap<string, ComponentStatus>

/** The sorted names of a report and the position of each, shared by all reports until a component comes or goes. */
export interface ReportIndex {
  readonly names: readonly string[]
  readonly positions: ReadonlyMap<string, number>
}

/**
 * A report that costs one array copy to make, however many components it holds: the index is shared, the
 * statuses are immutable. Has the methods of a Map but no way to change it.
 */
export class Report implements ReadonlyMap<string, ComponentStatus> {
  readonly #index: ReportIndex
  readonly #statuses: readonly ComponentStatus[]

  /** `statuses[i]` belongs to `index.names[i]`; the caller gives the array away. */
  constructor(index: ReportIndex, statuses: readonly ComponentStatus[]) {
    this.#index = index
    this.#statuses = statuses
  }

  get size(): number {
    return this.#statuses.length
  }

  get(name: string): ComponentStatus | undefined {
    const position = this.#index.positions.get(name)
    return position === undefined ? undefined : this.#statuses[position]
  }

  has(name: string): boolean {
    return this.#index.positions.has(name)
  }

  forEach(
    callback: (
      status: ComponentStatus,
      name: string,
      report: ReadonlyMap<string, ComponentStatus>,
    ) => void,
    thisArgument?: unknown,
  ): void {
    for (const [name, status] of this) callback.call(thisArgument, status, name, this)
  }

  keys(): MapIterator<string> {
    return this.#index.names.values() as MapIterator<string>
  }

  values(): MapIterator<ComponentStatus> {
    return this.#statuses.values() as MapIterator<ComponentStatus>
  }

  *entries(): MapIterator<[string, ComponentStatus]> {
    for (const [position, name] of this.#index.names.entries()) {
      yield [name, this.#statuses[position]!]
    }
  }

  [Symbol.iterator](): MapIterator<[string, ComponentStatus]> {
    return this.entries()
  }

  get [Symbol.toStringTag](): string {
    return 'HealthReport'
  }

  /** `console.log` shows what is in it; the fields of a class are hidden from it. */
  [inspect.custom](): ReadonlyMap<string, ComponentStatus> {
    return new Map(this)
  }
}

/**
 * Orders strings by their UTF-8 bytes, which is code-point order. JavaScript's own order is by UTF-16 units and
 * differs where a character beyond U+FFFF meets one from U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const xIsSurrogate = x >= 0xd800 && x <= 0xdfff
    const yIsSurrogate = y >= 0xd800 && y <= 0xdfff
    // A surrogate unit stands for a code point beyond U+FFFF, after every unit that is not one. Two differing
    // surrogates compare as they are: with equal high ones the low ones decide.
    if (xIsSurrogate !== yIsSurrogate) return xIsSurrogate ? 1 : -1
    return x - y
  }
  return a.length - b.length
}
