// What is told of a suppression: who asked for it, why, and how long it still holds. Pure.

/** A suppression that holds. */
export interface Suppression {
  /** The part of the program that asked for it last, `''` if it did not say. */
  readonly owner: string
  readonly reason: string
  /** Epoch ms at which it ends, by the wall clock as it is now. */
  readonly until: number
  /** Infinity, as is `until`, while a start-up that gets on prolongs it and nothing bounds it (`maxSuppressionMs: Infinity`). */
  readonly remainingMs: number
}

/** It holds as long as the start-up gets on. */
export function isUnbounded({ remainingMs }: Suppression): boolean {
  return remainingMs === Number.POSITIVE_INFINITY
}

/** Those that hold now, by what they suppress. */
export interface Suppressions {
  readonly liveness?: Suppression
  readonly readiness?: Suppression
}

/** Who asked and why, as one text. What is too long for the runtime's memory loses its end, which is that of the reason. */
export function noteOf(owner: string, reason: string): string {
  if (owner === '' && reason === '') return ''
  return `${owner.replaceAll(SEPARATOR, '\ufffd')}${SEPARATOR}${reason}`
}

const SEPARATOR = '\0'

export function readNote(note: string): { owner: string; reason: string } {
  const end = note.indexOf(SEPARATOR)
  return end === -1
    ? { owner: note, reason: '' }
    : { owner: note.slice(0, end), reason: note.slice(end + 1) }
}
