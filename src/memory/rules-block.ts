// A component's rules as the words of a payload block: what a registration carries, and what its slot refers to from then on.
//
//   0 degraded after ms | 1 unhealthy after ms | 2 wording (8 bits), mailbox + 1 | 3 stall ms | 4 owner | 5 due every ms
import { type ComponentRules, NO_RULES, type Wording } from '../model/component-rules.js'
import { BLOCK_CONTENT, type Words } from './layout.js'
import { type Encoded, encodedOf } from './text.js'

const DEGRADED_AFTER = 0
const UNHEALTHY_AFTER = 1
const WORDING = 2
const STALL = 3
const OWNER = 4
const DUE_EVERY = 5
const RULES_WORDS = 6
const WORDING_MASK = 0xff
const MAILBOX_SHIFT = 8

export function encodeRules(rules: ComponentRules): Encoded {
  const words = new Int32Array(RULES_WORDS)
  words[DEGRADED_AFTER] = rules.degradedAfterMs
  words[UNHEALTHY_AFTER] = rules.unhealthyAfterMs
  words[WORDING] = rules.wording | ((rules.mailbox + 1) << MAILBOX_SHIFT)
  words[STALL] = rules.stallMs
  words[OWNER] = rules.owner
  words[DUE_EVERY] = rules.dueEveryMs
  return encodedOf(words.byteLength, words)
}

/**
 * The rules in a block; those of none for 0. The reader must find afterwards that the slot that referred to the block has not
 * moved: until then these may be words of something else.
 */
export function decodeRules(words: Words, block: number): ComponentRules {
  if (block === 0) return NO_RULES
  const load = (field: number) => Atomics.load(words, block + BLOCK_CONTENT + field)
  const wording = load(WORDING)
  return {
    degradedAfterMs: load(DEGRADED_AFTER),
    unhealthyAfterMs: load(UNHEALTHY_AFTER),
    wording: (wording & WORDING_MASK) as Wording,
    mailbox: (wording >>> MAILBOX_SHIFT) - 1,
    stallMs: load(STALL),
    owner: load(OWNER),
    dueEveryMs: load(DUE_EVERY),
  }
}
