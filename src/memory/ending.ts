// What the SLOT_ENDING word says: that a deregistration of a registration was begun. Producers raise it before they publish
// one; the manager takes it back where none is published and no thread is left that may still do so.
//
//   0: none      generation + 1: begun      the complement of that: begun, and doubted by the manager, see Endings
import { isSameOrLaterGeneration } from './slot-latch.js'

export function endingOf(generation: number): number {
  return generation + 1
}

/** The same word, doubted: it still counts, but whoever begins a deregistration raises it anew. */
export function doubted(ending: number): number {
  return ~ending
}

export function isDoubted(word: number): boolean {
  return word < 0
}

export function isEndingOf(word: number, generation: number): boolean {
  return word === endingOf(generation) || word === doubted(endingOf(generation))
}

/**
 * Whether who begins a deregistration finds all that it needs. A later registration's mark is not taken back for an earlier
 * one's. No mark is of no registration, and so not of a later one.
 */
export function isRaised(word: number, generation: number): boolean {
  const ending = endingOf(generation)
  if (word === 0 || word === doubted(ending)) return false
  return isSameOrLaterGeneration(isDoubted(word) ? doubted(word) : word, ending)
}
