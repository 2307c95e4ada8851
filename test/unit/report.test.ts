import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { type ComponentStatus, compareUtf8, Report } from '../../src/model/report.js'

function statusOf(message: string): ComponentStatus {
  return Object.freeze({ status: 1, message, metadata: {}, since: 0, updatedAt: 0 })
}

const A = statusOf('A')
const B = statusOf('B')

function reportOf(): Report {
  const names = ['a', 'b']
  return new Report(
    {
      names,
      positions: new Map([
        ['a', 0],
        ['b', 1],
      ]),
    },
    [A, B],
  )
}

test('a report has what a Map has to read from', () => {
  const report = reportOf()
  assert.equal(report.size, 2)
  assert.equal(report.get('b'), B)
  assert.equal(report.get('c'), undefined)
  assert.deepEqual([report.has('a'), report.has('c')], [true, false])
  assert.deepEqual([...report.keys()], ['a', 'b'])
  assert.deepEqual([...report.values()], [A, B])
  assert.deepEqual(
    [...report.entries()],
    [
      ['a', A],
      ['b', B],
    ],
  )
  assert.deepEqual(
    [...report],
    [
      ['a', A],
      ['b', B],
    ],
  )
  assert.deepEqual(
    new Map(report),
    new Map([
      ['a', A],
      ['b', B],
    ]),
  )
  assert.equal(Object.prototype.toString.call(report), '[object HealthReport]')
})

test('a report is printed as the Map that it reads as, also inside of something', () => {
  const report = reportOf()
  assert.match(inspect(report), /^Map\(2\) \{\s+'a' => \{ status: 1, message: 'A'/)
  for (const depth of [0, 1, 2, 3]) {
    const options = { depth, colors: true }
    assert.equal(inspect(report, options), inspect(new Map(report), options))
    assert.equal(inspect({ report }, options), inspect({ report: new Map(report) }, options))
  }
})

test('a Map of a report can be compared and cloned', () => {
  const others = new Report({ names: ['a'], positions: new Map([['a', 0]]) }, [B])
  assert.notDeepEqual(new Map(reportOf()), new Map(others))
  assert.deepEqual(structuredClone(new Map(reportOf())), new Map(reportOf()))
})

test('names such as `__proto__` are not found unless they are in it', () => {
  assert.equal(reportOf().get('__proto__'), undefined)
  assert.equal(reportOf().has('constructor'), false)
})

test('forEach passes status, name, the report and the receiver', () => {
  const report = reportOf()
  const receiver = {}
  const calls: unknown[][] = []
  report.forEach(function (this: unknown, ...given) {
    calls.push([this, ...given])
  }, receiver)
  assert.deepEqual(
    calls.map(([self, status, name, of]) => [self === receiver, status, name, of === report]),
    [
      [true, A, 'a', true],
      [true, B, 'b', true],
    ],
  )
})

test('a report can be walked through any number of times at once', () => {
  const report = reportOf()
  const pairs = [...report].flatMap(([x]) => [...report].map(([y]) => x + y))
  assert.deepEqual(pairs, ['aa', 'ab', 'ba', 'bb'])
})

test('a report has no way to change it', () => {
  const report = reportOf() as unknown as Record<string, unknown>
  for (const method of ['set', 'delete', 'clear']) assert.equal(report[method], undefined)
  assert.deepEqual(Object.keys(report), [])
})

test('names are in the order of their UTF-8 bytes, not of their UTF-16 units', () => {
  const sorted = ['', 'B', 'a', 'aa', 'z', 'é', '\uffee', '😀', '\u{10ffff}']
  assert.deepEqual(sorted.toReversed().sort(compareUtf8), sorted)
  assert.notDeepEqual(sorted.toSorted(), sorted)
})

test('well-formed strings compare as their UTF-8 bytes do', () => {
  const text = fc.string({
    unit: fc.oneof(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom('a', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10400}'),
    ),
    maxLength: 5,
  })
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(Math.sign(compareUtf8(a, b)), Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 2_000 },
  )
})

test('the order is total also with lone surrogates', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', '\ud83d', '\ude00', '\uffee', '😀'),
    maxLength: 4,
  })
  fc.assert(
    fc.property(text, text, text, (a, b, c) => {
      assert.ok(Math.sign(compareUtf8(a, b)) + Math.sign(compareUtf8(b, a)) === 0)
      assert.equal(compareUtf8(a, b) === 0, a === b)
      if (compareUtf8(a, b) <= 0 && compareUtf8(b, c) <= 0) assert.ok(compareUtf8(a, c) <= 0)
    }),
    { numRuns: 2_000 },
  )
})
