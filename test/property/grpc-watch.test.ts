// What the hub tells, whatever happens between any two steps of its rounds: every change of a component that stays registered,
// in order, and to who comes between two rounds what is then and every change from then on; and in the end, of everything,
// what is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { HealthStatus } from '../../src/model/health-status.js'
import { judgeLiveness, judgeReadiness } from '../../src/model/policy.js'
import { servingComponent, servingVerdict, targetOf } from '../../src/probe/grpc-service-names.js'
import { WatchHub } from '../../src/probe/grpc-watch.js'
import { componentStatus } from '../fake-reader.js'
import { FakeWatcher, FakeWatchSource } from '../fake-watch-source.js'

const COMPONENTS = ['main', 'link', 'other'] as const
const SERVICES = ['liveness', 'readiness', ...COMPONENTS] as const
const WORDS = { 1: 'serving', 2: 'not serving', 3: 'unknown' } as const

const status = fc.constantFrom<HealthStatus>(0, 1, 2, 3)
const component = fc.constantFrom(...COMPONENTS)
const move = fc.record({ kind: fc.constantFrom('move', 'journal'), component, status })
const membership = fc.record({ kind: fc.constantFrom('register', 'deregister'), component })
const watch = fc.record({
  kind: fc.constant('watch' as const),
  service: fc.constantFrom(...SERVICES),
})
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
  | { kind: 'watch'; service: string }
  | { kind: 'round' | 'nothing' | 'unreadable' | 'overwrite' }

/** Not within a round: both are of one turn of the loop. */
const isOutside = ({ kind }: Event) => kind === 'round' || kind === 'watch'

/** Plays the events; those after a `round` happen between its steps, up to a `nothing` at each, as far as it has any. */
function play(
  source: FakeWatchSource,
  hub: WatchHub,
  events: readonly Event[],
  join: (service: string) => void,
): void {
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
      case 'watch':
        join(event.service)
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
      while (left.length > 0 && !isOutside(left[0]!)) {
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
  const watchers: { service: string; told: readonly string[] }[] = []
  const join = (service: string) => {
    const watcher = new FakeWatcher()
    hub.add(targetOf(service), watcher, source.current(service))
    watchers.push({ service, told: watcher.told })
    return watcher.told
  }
  SERVICES.forEach(join)
  return { source, hub, watchers, join }
}

function withoutRepeats(told: readonly string[]): string[] {
  return told.filter((word, i) => i === 0 || word !== told[i - 1])
}

test('every change of a component that stays registered is told, once and in order', () => {
  const events = fc.array(
    fc.oneof({ weight: 4, arbitrary: move }, { weight: 1, arbitrary: watch }, other),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(events, (drawn) => {
      const { source, hub, watchers, join } = start()
      const history = new Map(COMPONENTS.map((name) => [name as string, ['not serving']]))
      const journal = source.journal.bind(source)
      source.journal = (name, next) => {
        journal(name, next)
        // What is in the journal has happened, also before it is in the table.
        history.get(name)!.push(WORDS[servingComponent(next)])
      }
      const late: { name: string; told: readonly string[]; from: number }[] = []
      play(source, hub, drawn.filter(({ kind }) => kind !== 'overwrite') as Event[], (name) => {
        // As a look has it that waits for what was told.
        source.commit()
        late.push({ name, told: join(name), from: (history.get(name)?.length ?? 0) - 1 })
      })
      settle(source, hub)
      const early = watchers
        .slice(0, SERVICES.length)
        .map(({ service, told }) => ({ name: service, told, from: 0 }))
      for (const { name, told, from } of [...early, ...late]) {
        const changes = history.get(name)?.slice(from)
        if (changes !== undefined) assert.deepEqual(told, withoutRepeats(changes), name)
      }
      hub.close()
    }),
    { numRuns: 2_000 },
  )
})

test('in the end every watcher has been told what is, and nothing twice in a row', () => {
  const events = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: move },
      { weight: 2, arbitrary: membership },
      { weight: 1, arbitrary: watch },
      other,
    ),
    { maxLength: 60 },
  )
  fc.assert(
    fc.property(events, (drawn) => {
      const { source, hub, watchers, join } = start()
      play(source, hub, drawn as Event[], join)
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
      for (const { service, told } of watchers) {
        assert.equal(told.at(-1), expected.get(service), service)
        assert.deepEqual(told, withoutRepeats(told))
      }
      hub.close()
    }),
    { numRuns: 2_000 },
  )
})
