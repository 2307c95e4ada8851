// What a manager is killed in the middle of: each story brings a region to a state, and then has one drain to do.
import { type RegionSizes, TICKET_COUNTER } from '../../../src/memory/layout.js'
import {
  deregister,
  type Metadata,
  register,
  standby,
  suppress,
  type Told,
  update,
} from './plain-model.js'
import { Rig } from './rig.js'

export interface Story {
  readonly name: string
  readonly sizes?: Partial<RegionSizes>
  readonly firstTicket?: number
  /** Told and applied beforehand, by one thread. */
  readonly before: readonly Told[]
  /** Tickets that pass before the rest is told, as if other components had been very busy. */
  readonly ticketsBetween?: number
  /** Told, in this order, by three threads in turn, and then drained by the manager under test. */
  readonly told: readonly Told[]
  /** Registrations that the region has no room for: nothing comes of them. */
  readonly refused?: readonly Told[]
}

/** Longer than what the manager keeps for reuse, so that every byte of the heap in use is one that somebody shows. */
export const long = (text: string) => `${text} ${'.'.repeat(280)}`
const longMetadata = (text: string): Metadata => ({ key: long(text) })

const A = [register('a'), update('a', 1, 'fine', { k: 'v' })]
const AB = [...A, register('b'), update('b', 2, 'slow', longMetadata('b'))]
const SWEEP = 2 ** 28 + 1000

/** Names that each leave a buried bucket behind; with one more the directory is built anew. */
const BURIED = ['n1', 'n2', 'n3', 'n4'].flatMap((name) => [register(name), deregister(name)])

/** Transitions of component a, each with a message of its own. */
const flips = (count: number, text: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => update('a', i % 2 === 0 ? 3 : 1, text(i)))

export const STORIES: readonly Story[] = [
  { name: 'an update that changes the status', before: A, told: [update('a', 3, 'broken')] },
  {
    name: 'an update that changes the status, with long texts',
    before: A,
    told: [update('a', 3, long('broken'), longMetadata('why'))],
  },
  { name: 'an update of the message alone', before: A, told: [update('a', 1, 'still fine')] },
  { name: 'an update that clears the metadata', before: AB, told: [update('b', 2, 'slow', {})] },
  {
    name: 'an update of what is there already',
    before: A,
    told: [update('a', 1, 'fine', { k: 'v' })],
  },
  { name: 'a registration', before: A, told: [register('new')] },
  { name: 'a registration of a name that exists', before: A, told: [register('a')] },
  {
    name: 'a registration without room',
    sizes: { maxComponents: 2 },
    before: AB,
    told: [],
    refused: [register('c')],
  },
  { name: 'a deregistration', before: AB, told: [deregister('b')] },
  {
    name: 'a registration in the slot of a deregistered component',
    before: [...AB, deregister('a')],
    told: [register('c'), update('b', 1, 'ok')],
  },
  {
    name: 'a deregistration and a registration anew',
    before: AB,
    told: [deregister('a'), register('a')],
  },
  { name: 'standby', before: A, told: [standby(true), standby(false), standby(true)] },
  {
    name: 'suppressions with reasons',
    before: [...A, suppress('liveness', 5000, long('old reason'))],
    told: [suppress('liveness', 7000, long('new reason')), suppress('readiness', 9000, 'restart')],
  },
  {
    name: 'the end of a suppression',
    before: [...A, suppress('readiness', 5000, 'reason')],
    told: [suppress('readiness', 0)],
  },
  {
    name: 'readiness of a moment',
    before: [...A, register('b'), suppress('readiness', 5000)],
    told: [update('b', 2, 'slow'), update('b', 3, 'broken')],
  },
  {
    name: 'a moment in standby, before anything is ready',
    before: A,
    told: [standby(true), standby(false)],
  },
  {
    name: 'a sweep of old tickets',
    before: [...AB, standby(true), suppress('liveness', 5000, 'reason')],
    ticketsBetween: SWEEP,
    told: [update('b', 3, 'broken')],
  },
  {
    name: 'a sweep around the wrap of the tickets',
    firstTicket: 0x7fffffff - SWEEP,
    before: AB,
    ticketsBetween: SWEEP,
    told: [update('b', 3, 'broken')],
  },
  {
    name: 'the directory being built anew',
    before: [...AB, ...BURIED, register('n5')],
    told: [deregister('n5')],
  },
  {
    name: 'the journal overwriting its oldest records',
    sizes: { journalBytes: 4 * 64 },
    before: [...AB, ...flips(6, (i) => long(`flip ${i}`))],
    told: [update('a', 3, long('broken')), update('b', 1, 'ok')],
  },
  {
    name: 'a heap so full that journal records must go',
    sizes: { heapBytes: 4096 },
    before: [...AB, ...flips(4, (i) => long(`flip ${i}`))],
    told: [update('a', 3, long('broken'), longMetadata('why')), update('b', 1, long('ok'))],
  },
  {
    name: 'a batch of everything',
    before: [...AB, suppress('readiness', 5000, 'reason')],
    told: [
      update('a', 3, 'broken'),
      standby(true),
      update('b', 1, long('ok'), { k: 'w' }),
      deregister('a'),
      suppress('readiness', 0),
      register('c'),
      update('b', 2, 'slow again'),
    ],
  },
]

/** A region in which the story's drain is due. */
export function begin(story: Story): Rig {
  const rig = new Rig(story.sizes, story.firstTicket)
  const producers = [rig.producer(), rig.producer(), rig.producer()]
  rig.settle(producers[0]!, story.before)
  if (story.ticketsBetween !== undefined) {
    Atomics.add(rig.region.words, TICKET_COUNTER, story.ticketsBetween | 0)
  }
  const records = [...story.told, ...(story.refused ?? [])]
  // Not by the thread that told what was before: it would keep silent about what it has said already.
  for (const [i, each] of records.entries()) producers[(i + 1) % producers.length]!.tell(each)
  return rig
}
