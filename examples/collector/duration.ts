// Durations as people type them: 500ms, 5s, 1.5s, 2m. Pure.

const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m)$/
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000 }
/** The longest that a timer can wait. */
const MAX_MS = 2 ** 31 - 1

/** In ms; undefined when the text is no duration that a timer can wait. */
export function tryParseDurationMs(text: string): number | undefined {
  const match = PATTERN.exec(text)
  const unitMs = UNIT_MS[match?.[2] ?? '']
  if (match === null || unitMs === undefined) return undefined
  const durationMs = Number(match[1]) * unitMs
  return durationMs <= MAX_MS ? durationMs : undefined
}
