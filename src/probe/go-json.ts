// Strings as Go's encoding/json writes them, reference § 2.4: what makes bodies equal to the Go server's byte for
// byte. Pure; any thread.
import { cutText } from '../memory/text.js'

/** Most strings have nothing to escape, and no surrogates, of which some may be lone. */
const PLAIN = /^[ !#-%'-;=?-[\]-\u2027\u202a-\ud7ff\ue000-\uffff]*$/

/** What Go escapes beyond JSON, so that a body can be put into HTML and JavaScript as it is. */
const EACH_ESCAPED_BY_GO = /[<>&\u2028\u2029]/g

/** With the u flag a surrogate that is half of a pair is no match. */
const LONE_SURROGATE = /[\ud800-\udfff]/u

/** A string with its quotes. JSON.stringify agrees on control characters, `\b` and `\f` since Go 1.22. */
export function quote(text: string): string {
  if (PLAIN.test(text)) return `"${text}"`
  // A lone surrogate is JavaScript's nearest thing to a byte that is not UTF-8, for which Go writes these six
  // characters, while it writes a real U+FFFD as it is.
  const json = text.isWellFormed()
    ? JSON.stringify(text)
    : `"${text
        .split(LONE_SURROGATE)
        .map((part) => JSON.stringify(part).slice(1, -1))
        .join('\\ufffd')}"`
  return json.replace(
    EACH_ESCAPED_BY_GO,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/**
 * Like `quote`, in at most `maxBytes` of UTF-8, which must be enough for the notice: what is longer is cut between
 * characters and says so.
 */
export function quoteWithin(text: string, maxBytes: number): string {
  const whole = quote(text)
  if (Buffer.byteLength(whole) <= maxBytes) return whole
  // Escapes take up to six bytes for one, so how much can be kept is found by trying.
  let kept = quote(cutText(text, 0))
  let enough = 0
  let tooMuch = Math.min(Buffer.byteLength(text), maxBytes)
  while (tooMuch - enough > 1) {
    const middle = (enough + tooMuch) >> 1
    const cut = quote(cutText(text, middle))
    if (Buffer.byteLength(cut) > maxBytes) {
      tooMuch = middle
    } else {
      enough = middle
      kept = cut
    }
  }
  return kept
}
