// The bodies of `/transitions`: looked up and written out in slices, so that no probe waits for a long history, and for one
// client at a time. Probe actor's thread.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { journalCount } from '../memory/journal.js'
import type { Region } from '../memory/region.js'
import { TransitionScan } from '../memory/transition-scan.js'
import { transitionJson } from '../model/transition-json.js'
import { SharedBodies } from './shared-bodies.js'
import type { AskedHistory } from './transition-query.js'

/** Those that wait for the one at work; each has its own journal to look through. */
export const MAX_WAITING_SCANS = 16
/** Transitions that are looked at, and characters that are written, before a probe has its turn; some 0.3 ms. */
const LOOKS_A_TURN = 64
const CHARACTERS_A_TURN = 64 * 1024
/** Bytes that are put together; some 0.3 ms. */
const BYTES_A_TURN = 1024 * 1024

const START = Buffer.from('{"transitions":[')
const END = Buffer.from(']}\n')

export class TransitionScans {
  readonly #region: Region
  /** By what is asked for; of the same count of transitions they say the same. */
  readonly #bodies = new SharedBodies<number>()
  /** By what is asked for. Who asks for the same meanwhile waits for the same. */
  readonly #waiting = new Map<string, Promise<Uint8Array>>()
  #last: Promise<unknown> = Promise.resolve()

  constructor(region: Region) {
    this.#region = region
  }

  /** The body, of all that is journaled by now at least; undefined where too many wait already. */
  find(asked: AskedHistory): Promise<Uint8Array> | undefined {
    const key = JSON.stringify([asked.component ?? null, asked.limit])
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined) return waiting
    if (this.#waiting.size >= MAX_WAITING_SCANS) return undefined
    const found = this.#last.then(() => {
      this.#waiting.delete(key)
      return this.#scan(key, asked)
    })
    this.#waiting.set(key, found)
    // One that failed has told those who asked for it, and is no matter to the next.
    this.#last = found.catch(() => {})
    return found
  }

  async #scan(key: string, asked: AskedHistory): Promise<Uint8Array> {
    const count = journalCount(this.#region.words)
    const known = this.#bodies.find(count, key)
    if (known !== undefined) return known
    const body = await putTogether(await this.#render(asked))
    this.#bodies.keep(count, key, body)
    return body
  }

  /** Pieces of some transitions each, with a comma behind every one, the oldest piece first. */
  async #render(asked: AskedHistory): Promise<Uint8Array[]> {
    const scan = new TransitionScan(this.#region, asked)
    const pieces: Uint8Array[] = []
    let piece = ''
    let looks = 0
    for (let each = scan.next(); each !== undefined; each = scan.next()) {
      if (each !== 'other') piece = `${transitionJson(each)},${piece}`
      if (++looks < LOOKS_A_TURN && piece.length < CHARACTERS_A_TURN) continue
      pieces.push(Buffer.from(piece))
      piece = ''
      looks = 0
      await nextTurn()
    }
    pieces.push(Buffer.from(piece))
    return pieces.reverse()
  }
}

async function putTogether(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  if (bytes === 0) return Buffer.concat([START, END])
  const body = Buffer.allocUnsafeSlow(START.length + bytes - 1 + END.length)
  body.set(START)
  let at = START.length
  let turnEnd = BYTES_A_TURN
  for (const piece of pieces) {
    body.set(piece, at)
    at += piece.length
    if (at < turnEnd) continue
    turnEnd = at + BYTES_A_TURN
    await nextTurn()
  }
  // In place of the last one's comma.
  body.set(END, at - 1)
  return body
}
