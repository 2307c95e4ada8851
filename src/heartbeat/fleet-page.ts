// The fleet for people: one plain page, without scripts. Pure. Everything that came over the network is escaped.
import type { FleetCounts, FleetMember } from './fleet.js'

const REFRESH_SECONDS = 5

const STYLE = [
  'body{font:14px/1.5 system-ui,sans-serif;margin:2em}',
  'table{border-collapse:collapse}',
  'th,td{text-align:left;vertical-align:top;padding:.2em .8em;border-bottom:1px solid #ddd}',
  '.healthy{color:#060}.degraded{color:#960}.unhealthy,.absent{color:#a00}',
].join('')

/** Nothing but this style may load or run, whatever a message says. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page in parts, for a fleet that is larger than what is to be in memory at once. */
export function* renderFleetPage(
  { operators, absent }: FleetCounts,
  members: Iterable<FleetMember>,
  at: Date,
): Generator<string> {
  yield `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="refresh" content="${REFRESH_SECONDS}">
<title>Fleet</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Fleet</h1>
<p>${operators} operators, ${absent} absent, at ${at.toISOString()}. <a href="fleet.json">JSON</a></p>
<table>
<tr><th>cluster</th><th>operator</th><th>status</th><th>message</th><th>last seen</th><th>version</th><th>up since</th></tr>
`
  for (const member of members) {
    yield memberRow(member)
    for (const component of member.components) yield componentRow(component)
  }
  yield '</table>\n</body>\n</html>\n'
}

function memberRow(member: FleetMember): string {
  const { clusterId, operatorType, status, isAbsent, lastSeen, version, commit } = member
  const shown = isAbsent ? 'absent' : status
  return row([
    `<b>${escapeHtml(clusterId)}</b>`,
    escapeHtml(operatorType),
    `<span class="${shown}">${isAbsent ? `absent, was ${status}` : status}</span>`,
    `${member.heartbeats} heartbeats of ${escapeHtml(member.client || 'an unnamed client')}`,
    escapeHtml(lastSeen),
    escapeHtml(commit === '' ? version : `${version} (${commit})`),
    escapeHtml(member.uptimeSince),
  ])
}

function componentRow({
  name,
  status,
  message,
  metadata,
}: FleetMember['components'][number]): string {
  const pairs = Object.entries(metadata).map(([key, value]) => `${key}=${value}`)
  return row([
    '',
    escapeHtml(name),
    `<span class="${status}">${status}</span>`,
    escapeHtml([message, ...pairs].filter((text) => text !== '').join(' · ')),
    '',
    '',
    '',
  ])
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>\n`
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)
}
