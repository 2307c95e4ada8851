// Updates that verify themselves: all of an update's status, message and metadata follow from its component and
// its number, so a reader can tell a whole one from a torn or foreign one, and how far its producer had come.
// Pure; any thread.
import type { ComponentStatus, HealthStatus } from '../../../src/index.js'

/** Each update changes message and metadata; all but every so many change the status too. */
const STATUS_KEPT_EVERY = 4

// Two- and three-byte characters, so that a payload copied from the wrong place is hardly ever valid.
const PADDING =
  'zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich; 漢字かな交じり文。'.repeat(3)

export interface Evidence {
  readonly status: HealthStatus
  readonly message: string
  readonly metadata: Readonly<Record<string, string>>
}

/** The `number`-th update of a component, from 1; number 0 is what registration leaves. */
export function evidenceOf(component: string, number: number): Evidence {
  if (number === 0) return { status: 0, message: '', metadata: {} }
  const padding = PADDING.slice(0, (number * 7) % PADDING.length)
  const sum = hashOf(`${component} ${number} ${padding}`)
  return {
    status: statusOf(number),
    message: `n=${number} sum=${sum} ${padding}`,
    metadata: { n: `${number}`, sum },
  }
}

function statusOf(number: number): HealthStatus {
  if (number === 0) return 0
  return (1 + (transitionsUpTo(number) % 3)) as HealthStatus
}

export function isTransition(number: number): boolean {
  return number % STATUS_KEPT_EVERY !== 0
}

/** How many transitions updates 1 to `number` make. */
export function transitionsUpTo(number: number): number {
  return number - Math.floor(number / STATUS_KEPT_EVERY)
}

/** The number of the update that makes a component's transition `ordinal`, from 0. */
export function numberOfTransition(ordinal: number): number {
  return ordinal + 1 + Math.floor(ordinal / (STATUS_KEPT_EVERY - 1))
}

/**
 * The number of the update that `seen` holds.
 * @throws Error if it holds no whole update of that component.
 */
export function verifyEvidence(component: string, seen: Evidence | ComponentStatus): number {
  const number = seen.message === '' ? 0 : Number(/^n=(\d+) /.exec(seen.message)?.[1] ?? Number.NaN)
  const expected = evidenceOf(component, Number.isNaN(number) ? 1 : number)
  const isWhole =
    seen.status === expected.status &&
    seen.message === expected.message &&
    Object.keys(seen.metadata).length === Object.keys(expected.metadata).length &&
    Object.entries(expected.metadata).every(([key, value]) => seen.metadata[key] === value)
  if (!isWhole) {
    const { status, message, metadata } = seen
    throw new Error(
      `torn: component=${component} seen=${JSON.stringify({ status, message, metadata })} expected=${JSON.stringify(expected)}`,
    )
  }
  return number
}

/** FNV-1a over UTF-16 units, as hex. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0).toString(16)
}
