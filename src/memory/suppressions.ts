// Reads which suppressions hold, and who asked for them. Any thread; asks no other one. Apart from `readControl`, which a
// verdict needs: this copies texts, and is for who tells people.
import { excusedUntil, type StartUp } from '../model/start-up.js'
import { readNote, type Suppression, type Suppressions } from '../model/suppression.js'
import { monotonicMs, readControl, reasonBlock, type SuppressionField } from './control.js'
import {
  CONTROL_LIVENESS,
  CONTROL_READINESS,
  CONTROL_SEQUENCE,
  maxBlockWords,
  type Words,
} from './layout.js'
import { copyBlock } from './payload-heap.js'
import type { Region } from './region.js'
import { decodeText } from './text.js'

const MAX_ATTEMPTS = 64

/**
 * As of one instant; none if the manager changed them throughout every attempt. `startUp` is that of a program that has never
 * been ready.
 */
export function readSuppressions({ words, layout }: Region, startUp?: StartUp): Suppressions {
  const maxWords = maxBlockWords(layout)
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const control = readControl(words)
    if (control === undefined) return {}
    const now = monotonicMs()
    const read = (field: SuppressionField, deadline: number): Suppression | undefined => {
      if (now >= deadline) return undefined
      const note = readBlock(words, reasonBlock(words, control.sequence, field), maxWords)
      const remainingMs = deadline - now
      return { ...readNote(note), until: Math.round(Date.now() + remainingMs), remainingMs }
    }
    const { livenessDeadline, livenessLatest } = control
    const livenessEnd = excusedUntil(livenessDeadline, livenessLatest, startUp)
    const liveness = read(CONTROL_LIVENESS, livenessEnd)
    const readiness = read(CONTROL_READINESS, control.readinessDeadline)
    // Pairs with the commit of the control latch, behind which the block of the last reason is given back.
    if (Atomics.load(words, CONTROL_SEQUENCE) !== control.sequence) continue
    return { ...(liveness && { liveness }), ...(readiness && { readiness }) }
  }
  return {}
}

function readBlock(words: Words, block: number, maxWords: number): string {
  if (block === 0) return ''
  const copy = new Int32Array(maxWords)
  const header = copyBlock(words, block, copy, 0, maxWords)
  return decodeText(copy, 0, header)
}
