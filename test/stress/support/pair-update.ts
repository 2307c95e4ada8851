// What the pairs of the saturation test say, and how a snapshot of one is judged. Pure.
import type { ComponentStatus, HealthReport, HealthStatus } from '../../../src/index.js'

/** The two components of a producer; the first is always updated first. */
export function pairOf(producer: number): readonly [first: string, second: string] {
  return [`first-${producer}`, `second-${producer}`]
}

/** The `number`-th update of both components of a pair, from 1. */
export function pairUpdate(number: number) {
  const status = (1 + (Math.floor(number / 64) % 3)) as HealthStatus
  return { status, message: `pair ${number}`, metadata: { n: `${number}` } }
}

/** The numbers that a snapshot shows for a pair; throws if one of its halves is not a whole update. */
export function numbersOf(report: HealthReport, producer: number): readonly [number, number] {
  const [first, second] = pairOf(producer).map((name) => numberOf(name, report.get(name)))
  return [first!, second!]
}

function numberOf(name: string, seen: ComponentStatus | undefined): number {
  if (seen === undefined) throw new Error(`missing: component=${name}`)
  const number = seen.message === '' ? 0 : Number(seen.message.replace('pair ', ''))
  const expected = number === 0 ? { status: 0, metadata: {} } : pairUpdate(number)
  const isWhole =
    seen.status === expected.status &&
    JSON.stringify(seen.metadata) === JSON.stringify(expected.metadata)
  if (!isWhole) throw new Error(`torn: component=${name} seen=${JSON.stringify(seen)}`)
  return number
}
