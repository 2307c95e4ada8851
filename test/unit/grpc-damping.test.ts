// Watchers of a verdict are told what verdicts take a damped component for, those of the component what it reports.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { servingOf } from '../../src/probe/grpc-health.js'
import { targetOf } from '../../src/probe/grpc-service-names.js'
import { RegionSource } from '../../src/probe/grpc-source.js'
import { WatchHub } from '../../src/probe/grpc-watch.js'
import { FakeWatcher } from '../fake-watch-source.js'
import { Bench, StoppedClock } from './core-support.js'

const policy = { liveness: ['x'], readiness: ['x'], unregistered: 'fail' } as const

function rig(bench: Bench) {
  const source = new RegionSource({
    region: bench.region.words.buffer,
    policy,
    publishTimeoutMs: 0,
    readTimeoutMs: 0,
    observers: { drainMs: 0, restarts: { max: 0, withinMs: 1 }, workerBaseUrl: undefined },
  })
  const hub = new WatchHub(source)
  const watch = (service: string) => {
    const watcher = new FakeWatcher()
    const target = targetOf(service)
    hub.add(target, watcher, servingOf(target, policy, source.tryPeek()!))
    return watcher
  }
  return { hub, watch }
}

test('a verdict follows a damped component late, the component itself is told at once', (t) => {
  const bench = new Bench({}, 1, policy)
  const reporter = bench.register(bench.attach(), 'x', { failAfter: 2, recoverAfter: 2 })
  reporter.healthy()
  bench.settle()
  const { hub, watch } = rig(bench)
  t.after(() => hub.close())
  const [component, liveness, readiness] = ['x', 'liveness', 'readiness'].map(watch)
  const say = (...statuses: (1 | 3)[]) => {
    for (const status of statuses) {
      reporter.update(status, 'why')
      bench.settle()
    }
    hub.round()
  }
  say(3, 1, 3)
  assert.deepEqual(component!.told, ['serving', 'not serving', 'serving', 'not serving'])
  for (const { told } of [liveness!, readiness!]) assert.deepEqual(told, ['serving'])
  say(3)
  for (const { told } of [liveness!, readiness!]) assert.deepEqual(told, ['serving', 'not serving'])
  say(1)
  for (const { told } of [liveness!, readiness!]) assert.deepEqual(told, ['serving', 'not serving'])
  say(1)
  const all = ['serving', 'not serving', 'serving']
  for (const { told } of [liveness!, readiness!]) assert.deepEqual(told, all)
})

test('a deadline that runs out is told although nobody has journaled it', (t) => {
  const clock = new StoppedClock(t)
  const bench = new Bench({}, 1, policy)
  clock.watched = bench.region
  const reporter = bench.register(bench.attach(), 'x', { unhealthyAfterMs: 1_000 })
  reporter.healthy()
  bench.settle()
  const { hub, watch } = rig(bench)
  t.after(() => hub.close())
  const watchers = ['x', 'liveness', 'readiness'].map(watch)
  hub.round()
  clock.pass(1_020)
  hub.round()
  for (const { told } of watchers) assert.deepEqual(told, ['serving', 'not serving'])
  bench.settle()
  hub.round()
  reporter.beat()
  hub.round()
  bench.settle()
  hub.round()
  for (const { told } of watchers) assert.deepEqual(told, ['serving', 'not serving', 'serving'])
})
