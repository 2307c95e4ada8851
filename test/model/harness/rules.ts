// Rules of the protocol, taken away from one side by altering its Atomics operations.
import * as layout from '../../../src/memory/layout.js'
import { mailboxHeader } from '../../../src/memory/mailbox.js'
import type { Region } from '../../../src/memory/region.js'
import { SlotMap } from '../../../src/memory/slot-latch.js'
import type { Rig } from './rig.js'
import { type Sabotage, simulation } from './simulation.js'

export type Place = (region: Region, index: number) => boolean
export type Rule = (region: Region) => Sabotage

export const isSequence: Place = ({ layout: { sequences, maxComponents } }, index) =>
  index >= sequences && index < sequences + maxComponents
export const isMailboxWord = (word: number): Place => {
  return (region, index) =>
    index < region.layout.rings &&
    (index - mailboxHeader(region, 0)) % layout.MAILBOX_HEADER_WORDS === word
}
export const isWord = (word: number): Place => {
  return (_, index) => index === word
}
export const isTransitionCount: Place = (region, index) => {
  const first = new SlotMap(region).transitions(0)
  return index >= first && index < first + layout.STATUS_COUNT
}
export const isLatestTicket: Place = (region, index) =>
  index === new SlotMap(region).latestTicket(0)

/** The stores of one place come only after the next one to the other, and a kill may come between. */
export function swapped(first: Place, second: Place): Rule {
  return (region) => {
    let held: (() => unknown) | undefined
    let isDue = false
    return (operation, _words, index, _rest, proceed) => {
      if (isDue) {
        held?.()
        held = undefined
        isDue = false
      }
      if (operation !== 'store') return proceed()
      if (first(region, index)) {
        held = proceed
        return undefined
      }
      isDue = held !== undefined && second(region, index)
      return proceed()
    }
  }
}

/** Stores there are not made. */
export function dropped(place: Place): Rule {
  return (region) => (operation, _words, index, _rest, proceed) =>
    operation === 'store' && place(region, index) ? undefined : proceed()
}

/** What was loaded there once is not looked at again, until the side has waited. */
export function seenOnce(...places: Place[]): Rule {
  return (region) => {
    const seen = new Map<number, unknown>()
    return (operation, _words, index, _rest, proceed) => {
      if (operation === 'wait') seen.clear()
      if (operation !== 'load' || !places.some((place) => place(region, index))) return proceed()
      if (!seen.has(index)) seen.set(index, proceed())
      return seen.get(index)
    }
  }
}

/** A compare-exchange there always succeeds; it stores, or does not even that. */
export function unconditional(place: Place, stores: boolean): Rule {
  return (region) => (operation, words, index, rest, proceed) => {
    if (operation !== 'compareExchange' || !place(region, index)) return proceed()
    if (stores) words[index] = rest[1]!
    return rest[0]
  }
}

/** Which side the rule is taken away from. */
export interface Rules {
  readonly manager?: Rule
  readonly successor?: Rule
  readonly other?: Rule
}

export function withRule<T>(rule: Rule | undefined, { region }: Rig, run: () => T): T {
  const outer = simulation.sabotage
  simulation.sabotage = rule?.(region)
  try {
    return run()
  } finally {
    simulation.sabotage = outer
  }
}
