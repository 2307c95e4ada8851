// What all parsers of /proc share: strict numbers, and errors that name the file and the line.

/** A line of /proc that is not of the documented form. The message names the file and shows the line. */
export class ProcParseError extends Error {
  constructor(file: string, what: string, line: string) {
    super(`${file}: ${what}: ${JSON.stringify(line.slice(0, 80))}`)
    this.name = 'ProcParseError'
  }
}

const COUNT = /^\d+$/

/**
 * An unsigned decimal. The kernel's counters have 64 bits; above 2^53 the last digits are lost, which a counter of
 * bytes reaches after 9 petabytes.
 */
export function parseCount(word: string | undefined, file: string, line: string): number {
  if (word === undefined) throw new ProcParseError(file, 'too few columns', line)
  if (!COUNT.test(word)) throw new ProcParseError(file, `not a count: ${word.slice(0, 24)}`, line)
  return Number(word)
}

/** The lines of a file, blank ones left out. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '')
}

export function wordsOf(line: string): string[] {
  return line.trim().split(/\s+/)
}
