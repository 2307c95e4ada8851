// How results are printed: one block a bench, ours first, then each peer with the ratio to it.
import type { Outcome, Row } from './harness.js'
import type { Target } from './statistics.js'

const NAME_WIDTH = 24
const NUMBER_WIDTH = 12

export function formatOutcome({ rows, remarks }: Outcome): string {
  const first = rows[0]
  if (first === undefined) return ''
  const heading = ['p50', 'p99', 'max', 'min'].map((text) => text.padStart(NUMBER_WIDTH)).join('')
  const lines = [
    `${first.title}  [${first.name}]`,
    `  ${first.unit.padEnd(NAME_WIDTH)}${heading}     ours / peer`,
    `  ${'health-actor'.padEnd(NAME_WIDTH)}${numbers(first.p50, first.p99, first.max, first.min)}${own(first)}`,
  ]
  for (const row of rows) {
    if (row.peer === null) continue
    if (row.peerValue === null) {
      lines.push(`  ${row.peer.padEnd(NAME_WIDTH)}${'skipped'.padStart(NUMBER_WIDTH)}`)
      continue
    }
    const shown = numbers(row.peerValue, row.peerP99, row.peerMax, row.peerMin)
    lines.push(`  ${row.peer.padEnd(NAME_WIDTH)}${shown}     ${comparison(row)}`.trimEnd())
  }
  for (const remark of remarks) lines.push(`  ${remark}`)
  return lines.join('\n')
}

function numbers(...values: (number | null)[]): string {
  return values.map((value) => formatNumber(value ?? Number.NaN).padStart(NUMBER_WIDTH)).join('')
}

/** Three significant digits below 100, whole numbers with separators above. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '-'
  return value < 100
    ? value.toPrecision(3)
    : Math.round(value).toLocaleString('en-US', { useGrouping: true })
}

function own(row: Row): string {
  if (row.target === null || !('p50AtMost' in row.target)) return ''
  return `     ${formatTarget(row.target)}: ${formatVerdict(row)}`
}

function comparison(row: Row): string {
  const noise = `±${(row.noise * 100).toFixed(0)} %`
  const ratio = row.ratio === null ? `within noise ${noise}` : `${formatRatio(row.ratio)} ${noise}`
  return row.target === null
    ? ratio
    : `${ratio}   ${formatTarget(row.target)}: ${formatVerdict(row)}`
}

function formatRatio(ratio: number): string {
  return `${ratio < 0.01 ? ratio.toPrecision(1) : ratio < 10 ? ratio.toFixed(2) : ratio.toFixed(0)}×`
}

export function formatTarget(target: Target): string {
  return 'p50AtMost' in target
    ? `p50 <= ${target.p50AtMost}, p99 <= ${target.p99AtMost}`
    : `${target.relation} ${target.factor}×`
}

export function formatVerdict(row: Pick<Row, 'isMet' | 'isAtTheEdge'>): string {
  return `${row.isMet ? 'met' : 'SHORT'}${row.isAtTheEdge ? ' (the noise could turn it)' : ''}`
}

/** The last lines: what was to be reached and was not, and how many were. */
export function formatSummary(rows: readonly Row[]): string {
  const judged = rows.filter((row) => row.isMet !== null)
  if (judged.length === 0) return 'No target was judged.'
  const short = judged.filter((row) => !row.isMet).map((row) => row.name)
  const met = `${judged.length - short.length} of ${judged.length} targets met`
  return short.length === 0 ? `${met}.` : `${met}; short: ${short.join(', ')}.`
}
