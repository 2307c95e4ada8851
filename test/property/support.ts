// What the property tests share: how a property is run, small regions, and arbitrary strings of every kind.
// Everything runs in one thread: `Drain.run` applies at once what was published before it.
import fc from 'fast-check'
import type { RegionSizes } from '../../src/memory/layout.js'
import { createRegion, type Region } from '../../src/memory/region.js'

/**
 * Runs a property. The seed of a failure is in its error; set HEALTH_SEED to that number to meet it again.
 * HEALTH_RUNS multiplies the number of runs, for a longer hunt or a shorter look.
 */
export function check<T>(property: fc.IPropertyWithHooks<T>, numRuns: number): void {
  const seed = process.env['HEALTH_SEED']
  const factor = Number(process.env['HEALTH_RUNS'] ?? 1)
  fc.assert(property, {
    numRuns: Math.ceil(numRuns * factor),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
  })
}

const SMALL: RegionSizes = {
  maxComponents: 8,
  maxThreads: 4,
  mailboxBytes: 4096,
  journalBytes: 64 * 64,
  heapBytes: 64 * 1024,
  maxPayloadBytes: 512,
}

/** A region of a few pages, so that making one for each run costs little. */
export function smallRegion(sizes: Partial<RegionSizes> = {}, firstTicket = 1): Region {
  return createRegion({ ...SMALL, ...sizes }, firstTicket)
}

/** Counters begin here in some runs: at the start, and just before the words turn negative or wrap. */
export const nearWrap = fc.oneof(
  fc.constant(1),
  fc.integer({ min: 2 ** 31 - 40, max: 2 ** 31 }),
  fc.integer({ min: 2 ** 32 - 40, max: 2 ** 32 }),
)

/** Each UTF-16 unit with the same chance, so mostly lone surrogates and pairs by accident. */
const anyUnit = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))
const loneSurrogate = fc
  .integer({ min: 0xd800, max: 0xdfff })
  .map((unit) => String.fromCharCode(unit))
const awkward = fc.constantFrom('\0', '\n', '\u007f', '\u0080', '\ufeff', '\uffff', '😀', '\ud83d')

/** Any JavaScript string: ASCII, control characters, every plane, emoji, lone surrogates. */
export function anyText(maxLength = 40): fc.Arbitrary<string> {
  return fc.oneof(
    fc.string({ maxLength }),
    fc.string({ unit: 'binary', maxLength }),
    fc.string({ unit: 'grapheme', maxLength }),
    fc.string({ unit: fc.oneof(anyUnit, loneSurrogate, awkward), maxLength }),
  )
}

/** A longer one, of 30 to some thousand bytes: what may have to be cut. */
export function longText(): fc.Arbitrary<string> {
  return fc
    .tuple(anyText(10), anyText(10), fc.integer({ min: 1, max: 100 }))
    .map(([head, tail, times]) => head + (tail === '' ? 'x' : tail).repeat(times))
    .filter((text) => Buffer.byteLength(text) >= 30)
}

/** Any metadata: keys such as `__proto__` and `1`, which objects treat apart, and empty keys and values. */
export function anyMetadata(maxKeys = 4): fc.Arbitrary<Record<string, string>> {
  const key = fc.oneof(
    fc.constantFrom('__proto__', 'constructor', 'toString', '', '1', '01', '4294967295'),
    anyText(12),
  )
  return fc
    .uniqueArray(fc.tuple(key, anyText(12)), { maxLength: maxKeys, selector: ([name]) => name })
    .map((pairs) => metadataOf(pairs))
}

/** An ordinary object with these own properties, `__proto__` included. */
export function metadataOf(pairs: Iterable<readonly [string, string]>): Record<string, string> {
  const metadata: Record<string, string> = {}
  for (const [key, value] of pairs) {
    Object.defineProperty(metadata, key, {
      value,
      enumerable: true,
      writable: true,
      configurable: true,
    })
  }
  return metadata
}

/** Compares by own pairs in order; prototypes and property attributes don't matter. */
export function pairsOf(metadata: Readonly<Record<string, string>>): [string, string][] {
  return Object.keys(metadata).map((key) => [key, metadata[key]!])
}

/** The order that the reference gives names: by their UTF-8 bytes. */
export function compareBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
