// What the hub tells, whatever happens between any two steps of its rounds: every change of a component that stays registered,
// in order; and in the end, of everything, what is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HealthStatus } from '../../src/model/health-status.js'
import { judgeLiveness, judgeReadiness } from '../../src/model/policy.js'
import {
  ServingStatus,
  servingComponent,
  servingVerdict,
  targetOf,
} from '../../src/probe/grpc-service-names.js'
import { WatchHub } from '../../src/probe/grpc-watch.js'
import { componentStatus } from '../fake-reader.js'
import { FakeWatcher, FakeWatchSource } from '../fake-watch-source.js'

const COMPONENTS = ['main', 'link', 'other'] as const
const WORDS = { 1: 'serving', 2: 'not serving', 3: 'unknown' } as const

const status = fc.constantFrom<HealthStatus>(0, 1, 2, 3)
const component = fc.constantFrom(...COMPONENTS)
const move = fc.record({ kind: fc.constantFrom('move', 'journal'), component, status })
const membership = fc.record({ kind: fc.constantFrom('register', 'deregister'), component })
const other = fc.oneof(
  fc.record({
    kind: fc.constant('gate' as const),
    gate: fc.record({
      isStandby: fc.boolean(),
      isLivenessSuppressed: fc.boolean(),
      isReadinessSuppressed: fc.boolean(),
    }),
  }),
  fc.record({ kind: fc.constantFrom('round', 'nothing', 'nothing', 'unreadable', 'overwrite') }),
)

type Event =
  | { kind: 'move' | 'journal'; component: string; status: HealthStatus }
  | { kind: 'register' | 'deregister'; component: string }
  | {
      kind: 'gate'
      gate: { isStandby: boolean; isLivenessSuppressed: boolean; isReadinessSuppressed: boolean }
    }
  | { kind: 'round' | 'nothing' | 'unreadable' | 'overwrite' }

/** Plays the events; those after a `round` happen between its steps, up to a `nothing` at each, as far as it has any. */
function play(source: FakeWatchSource, hub: WatchHub, events: readonly Event[]): void {
  const left = [...events] as Event[]
  const happen = (event: Event) => {
    switch (event.kind) {
      case 'move':
        source.move(event.component, event.status)
        break
      case 'journal':
        source.journal(event.component, event.status)
        break
      case 'register':
        source.register(event.component)
        break
      case 'deregister':
        source.deregister(event.component)
        break
      case 'gate':
        source.gate = event.gate
        break
      case 'unreadable':
        source.isUnreadable = !source.isUnreadable
        break
      case 'overwrite':
        source.overwrite(1)
        break
      case 'round':
      case 'nothing':
    }
  }
  while (left.length > 0) {
    const event = left.shift()!
    if (event.kind !== 'round') {
      happen(event)
      continue
    }
    source.onStep = () => {
      while (left.length > 0 && left[0]!.kind !== 'round') {
        const next = left.shift()!
        if (next.kind === 'nothing') return
        happen(next)
      }
    }
    hub.round()
    source.onStep = () => {}
  }
}

function settle(source: FakeWatchSource, hub: WatchHub): void {
  source.isUnreadable = false
  source.commit()
  for (let i = 0; i < 3; i++) while (hub.round());
}

function start() {
  const source = new FakeWatchSource()
  for (const name of COMPONENTS) source.register(name)
  const hub = new WatchHub(source)
  const watchers = new Map(
    ['liveness', 'readiness', ...COMPONENTS].map((service) => {
      const watcher = new FakeWatcher()
      hub.add(targetOf(service), watcher, ServingStatus.NotServing)
      return [service, watcher] as const
    }),
  )
  return { source, hub, watchers }
}

function withoutRepeats(told: readonly string[]): string[] {
  return told.filter((word, i) => i === 0 || word !== told[i - 1])
}

test('every change of a component that stays registered is told, once and in order', () => {
  const events = fc.array(fc.oneof({ weight: 4, arbitrary: move }, other), { maxLength: 60 })
  fc.assert(
    fc.property(events, (drawn) => {
      const { source, hub, watchers } = start()
      const history = new Map(COMPONENTS.map((name) => [name as string, ['not serving']]))
      const journal = source.journal.bind(source)
      source.journal = (name, next) => {
        journal(name, next)
        // What is in the journal has happened, also before it is in the table.
        history.get(name)!.push(WORDS[servingComponent(next)])
      }
      play(source, hub, drawn.filter(({ kind }) => kind !== 'overwrite') as Event[])
      settle(source, hub)
      for (const name of COMPONENTS) {
        assert.deepEqual(watchers.get(name)!.told, withoutRepeats(history.get(name)!), name)
      }
      hub.close()
    }),
    { numRuns: 2_000 },
  )
})

test('in the end every watcher has been told what is, and nothing twice in a row', () => {
  const events = fc.array(
    fc.oneof({ weight: 3, arbitrary: move }, { weight: 2, arbitrary: membership }, other),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(events, (drawn) => {
      const { source, hub, watchers } = start()
      play(source, hub, drawn as Event[])
      settle(source, hub)
      const { policy, gate } = source
      const find = (name: string) => {
        const found = source.statusOf(name)
        return found === undefined ? undefined : componentStatus([found])
      }
      const expected = new Map<string, string>(
        COMPONENTS.map((name) => [name, WORDS[servingComponent(source.statusOf(name))]]),
      )
      const passes = (error: unknown) => WORDS[servingVerdict(error === undefined)]
      expected.set('liveness', passes(judgeLiveness(policy, gate, find)))
      expected.set('readiness', passes(judgeReadiness(policy, gate, find)))
      for (const [service, { told }] of watchers) {
        assert.equal(told.at(-1), expected.get(service), service)
        assert.deepEqual(told, withoutRepeats(told))
      }
      hub.close()
    }),
    { numRuns: 2_000 },
  )
})
