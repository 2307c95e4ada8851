// How results are printed: one block a bench, ours first, then each peer with the ratio to it.
import type { Outcome } from './harness.js'
import type { Row } from './row.js'
import type { Target } from './statistics.js'

const NAME_WIDTH = 24
const NUMBER_WIDTH = 12

export function formatOutcome({ rows, remarks }: Outcome): string {
  const first = rows[0]
  if (first === undefined) return ''
  // The one in a thousand is told where anybody has been asked so often.
  const hasTail = rows.some(({ p999, peerP999 }) => (p999 ?? peerP999) !== null)
  const columns = ['p50', 'p99', ...(hasTail ? ['p99.9'] : []), 'max', 'min']
  const heading = columns.map((text) => text.padStart(NUMBER_WIDTH)).join('')
  const figures = (p50: number, p99: Figure, p999: Figure, max: Figure, min: Figure) =>
    numbers(p50, p99, ...(hasTail ? [p999] : []), max, min)
  const shown = figures(first.p50, first.p99, first.p999, first.max, first.min)
  const lines = [
    `${first.title}  [${first.name}]`,
    `  ${first.unit.padEnd(NAME_WIDTH)}${heading}     ours / peer`,
    `  ${'health-actor'.padEnd(NAME_WIDTH)}${shown}${own(first)}`,
  ]
  for (const row of rows) {
    if (row.peer === null) continue
    const name = `  ${row.peer.padEnd(NAME_WIDTH)}`
    if (row.peerValue === null) {
      lines.push(`${name}     ${row.peerNote ?? ''}`.trimEnd())
      continue
    }
    const theirs = figures(row.peerValue, row.peerP99, row.peerP999, row.peerMax, row.peerMin)
    lines.push(`${name}${theirs}     ${comparison(row)}`.trimEnd())
  }
  for (const remark of remarks) lines.push(`  ${remark}`)
  return lines.join('\n')
}

type Figure = number | null

function numbers(...values: Figure[]): string {
  return values.map((value) => formatNumber(value ?? Number.NaN).padStart(NUMBER_WIDTH)).join('')
}

/** Three significant digits below 100, whole numbers with separators above. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return value < 100
    ? value.toPrecision(3)
    : Math.round(value).toLocaleString('en-US', { useGrouping: true })
}

function own({ target, timeouts, ...row }: Row): string {
  const missed = timeouts === 0 ? '' : `     ${timeouts} timed out`
  if (target === null || 'peer' in target) return missed
  return `${missed}     ${formatTarget(target)}: ${formatVerdict(row)}`
}

function comparison(row: Row): string {
  const noise = `±${(row.noise * 100).toFixed(0)} %`
  const ratio = row.ratio === null ? `within noise ${noise}` : `${formatRatio(row.ratio)} ${noise}`
  const missed = row.peerTimeouts ? `   ${row.peerTimeouts} timed out` : ''
  // What ours alone has to reach is judged beside ours.
  return row.target === null || !('peer' in row.target)
    ? `${ratio}${missed}`
    : `${ratio}${missed}   ${formatTarget(row.target)}: ${formatVerdict(row)}`
}

function formatRatio(ratio: number): string {
  return `${ratio < 0.01 ? ratio.toPrecision(1) : ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0)}×`
}

export function formatTarget(target: Target): string {
  if ('peer' in target) return `${target.relation} ${target.factor}×`
  if ('p999AtMost' in target) return `p99.9 <= ${target.p999AtMost}`
  return `p50 <= ${target.p50AtMost}, p99 <= ${target.p99AtMost}`
}

export function formatVerdict(row: Pick<Row, 'isMet' | 'isAtTheEdge'>): string {
  return `${row.isMet ? 'met' : 'SHORT'}${row.isAtTheEdge ? ' (the noise could turn it)' : ''}`
}

/** The last lines: what was to be reached and was not, and how many were. */
export function formatSummary(rows: readonly Row[]): string {
  // A target of ours alone is in the row of every peer.
  const judged = new Map(rows.filter(({ isMet }) => isMet !== null).map((row) => [row.name, row]))
  if (judged.size === 0) return 'No target was judged.'
  const short = [...judged.values()].filter(({ isMet }) => !isMet).map(({ name }) => name)
  const met = `${judged.size - short.length} of ${judged.size} targets met`
  return short.length === 0 ? `${met}.` : `${met}; short: ${short.join(', ')}.`
}
