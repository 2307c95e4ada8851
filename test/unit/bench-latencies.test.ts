import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkAnswers, checkCodes, probesWithin } from '../../bench/latency-load.js'
import { rowOf, skippedRow } from '../../bench/row.js'
import { isSilent, seriesOf, tryP999 } from '../../bench/series.js'
import { judgeTail, seededRandom } from '../../bench/statistics.js'
import { formatOutcome, formatSummary } from '../../bench/table.js'

const bench = {
  name: 'probe-while-it-rains',
  title: 't',
  unit: 'µs',
  target: { p999AtMost: 5000 },
} as const

/** Latencies of 1 to `count` µs, and probes that were never answered. */
function turn(count: number, timeouts = 0) {
  return { microseconds: Array.from({ length: count }, (_, index) => index + 1), timeouts }
}

function row(ours = turn(600), again = turn(600), peer = turn(1200)) {
  const random = seededRandom(1)
  return rowOf(bench, [ours], [again], { name: 'other', samples: [peer] }, random)
}

test('the probes of all turns count alike, and the turns by their medians', () => {
  const series = seriesOf([turn(3), turn(5), 7])
  assert.deepEqual(series.events, [1, 2, 3, 1, 2, 3, 4, 5, 7])
  assert.deepEqual(series.turns, [2, 3, 7])
  assert.equal(series.timeouts, 0)
})

test('a probe that timed out counts as the second that it has lasted at least', () => {
  const series = seriesOf([turn(1, 2)])
  assert.deepEqual(series.events, [1, 1_000_000, 1_000_000])
  assert.equal(series.timeouts, 2)
  assert.equal(isSilent(series), false)
})

test('only who has answered nothing at all is silent', () => {
  assert.equal(isSilent(seriesOf([turn(0, 4)])), true)
  assert.equal(isSilent(seriesOf([turn(0, 4), turn(1)])), false)
  assert.equal(isSilent(seriesOf([])), false)
})

test('the one in a thousand is told of a thousand probes, not of fewer', () => {
  const probes = turn(1000).microseconds
  assert.equal(tryP999(probes.slice(1)), undefined)
  assert.equal(Math.round(tryP999(probes) ?? 0), 999)
})

test('the tail is judged over both series, and is at the edge where they disagree', () => {
  const limit = { p999AtMost: 5000 }
  assert.deepEqual(judgeTail(900, 800, 1000, limit), { isMet: true, isAtTheEdge: false })
  assert.deepEqual(judgeTail(4000, 800, 6000, limit), { isMet: true, isAtTheEdge: true })
  assert.deepEqual(judgeTail(7000, 6500, 7500, limit), { isMet: false, isAtTheEdge: false })
})

test('a row of latencies has the 99.9th percentiles of both sides', () => {
  const { p999, peerP999, timeouts, peerTimeouts, peerNote, isMet } = row()
  assert.ok(p999 !== null && p999 > 590 && p999 <= 600, `p999=${p999}`)
  assert.ok(peerP999 !== null && peerP999 > 1190, `peerP999=${peerP999}`)
  assert.deepEqual([timeouts, peerTimeouts, peerNote, isMet], [0, 0, null, true])
})

test('a tail of too few probes is neither told nor judged', () => {
  const { p999, isMet, target } = row(turn(300), turn(300))
  assert.deepEqual([p999, isMet, target], [null, null, null])
})

test('a row of other units has no tail', () => {
  const samples = turn(2000).microseconds
  const rate = { name: 'n', title: 't', unit: 'req/s' } as const
  assert.equal(rowOf(rate, samples, samples, undefined, seededRandom(1)).p999, null)
})

test('a peer that answers nothing has no figures but the count of its timeouts', () => {
  const silent = row(turn(600), turn(600), turn(0, 560))
  assert.equal(silent.peerValue, null)
  assert.equal(silent.peerP999, null)
  assert.equal(silent.ratio, null)
  assert.equal(silent.peerTimeouts, 560)
  const table = formatOutcome({ rows: [silent], remarks: [] })
  assert.match(table, /other +no answer, 560 of 560 probes timed out/)
})

test('a peer that answers some of the probes has figures, and its timeouts beside them', () => {
  const table = formatOutcome({
    rows: [row(turn(600), turn(600), turn(900, 300))],
    remarks: [],
  })
  assert.match(table, /other .* 300 timed out/)
  assert.doesNotMatch(table, /no answer/)
})

test('the table has a column for the tail where there is one', () => {
  const format = (shown: ReturnType<typeof row>) => formatOutcome({ rows: [shown], remarks: [] })
  assert.match(format(row()), /p99 +p99\.9 +max/)
  assert.match(format(row()), /p99\.9 <= 5000: met/)
  assert.doesNotMatch(format(row(turn(9), turn(9), turn(9))), /p99\.9/)
})

test('a target of ours alone counts once, however many peers there are', () => {
  const rows = [row(), row(), skippedRow(row(), 'missing')]
  assert.match(formatSummary(rows), /^1 of 1 targets met/)
})

test('so many probes are sent that the last one is over before the time is', () => {
  assert.deepEqual(probesWithin(3000, 400, 350), { perSecond: 350, count: 560 })
  assert.equal(probesWithin(1000, 400, 350).count, 1)
})

test('answers of another code or length than the first are no answers to measure', () => {
  assert.doesNotThrow(() => checkAnswers('s', { codes: [200], answerBytes: [1333] }))
  assert.doesNotThrow(() => checkAnswers('s', { codes: [], answerBytes: [] }))
  assert.throws(() => checkAnswers('s', { codes: [200, 503], answerBytes: [1333] }), /codes=/)
  assert.throws(() => checkAnswers('s', { codes: [200], answerBytes: [1333, 9] }), /bytes=/)
  assert.throws(() => checkCodes('s', { codes: [503] }), /codes=503/)
})
