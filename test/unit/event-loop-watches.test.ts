// Watches on a runtime with real threads: who may watch under which name, and what is left when a thread or a runtime ends.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { HealthManager } from '../../src/index.js'
import { HealthError } from '../../src/model/errors.js'
import { abandonMailboxesOf } from '../../src/runtime/mailbox-claims.js'
import { eventLoopRules, eventLoopSettings } from '../../src/watch/event-loop-options.js'
import { EventLoopWatches } from '../../src/watch/event-loop-watches.js'
import { Bench } from './core-support.js'

async function start(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  return health
}

const isTaken = (error: HealthError) =>
  error.code === 'ERR_HEALTH_ARGUMENT' &&
  /^options.component="[a-z_]+": is registered already/.test(error.message)

test('a watch registers its component, healthy, and takes it away again', async (t) => {
  const health = await start(t)
  const watch = health.watchEventLoop()
  assert.equal(watch.component, 'event_loop')
  assert.equal(health.getStatus('event_loop')?.message, 'event loop on time')
  watch.stop()
  assert.equal(health.getStatus('event_loop'), undefined)
  health.watchEventLoop().stop()
})

test('while the loop turns its figures are reported', { timeout: 30_000 }, async (t) => {
  const health = await start(t)
  health.watchEventLoop({ beatMs: 10, reportMs: 10, lateMs: 60_000, wedgedMs: 120_000 })
  let metadata: Readonly<Record<string, string>> = {}
  while (metadata['utilization'] === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    metadata = health.getStatus('event_loop')?.metadata ?? {}
  }
  assert.deepEqual(Object.keys(metadata), ['lag_p50_ms', 'lag_p99_ms', 'lag_max_ms', 'utilization'])
  for (const value of Object.values(metadata)) assert.ok(Number(value) >= 0, value)
  assert.ok(Number(metadata['utilization']) <= 1)
})

test('a name has one watch at a time, and is no component of another kind', async (t) => {
  const health = await start(t)
  const other = HealthManager.attach(health.handle())
  const watch = health.watchEventLoop()
  assert.throws(() => health.watchEventLoop(), isTaken)
  assert.throws(() => other.watchEventLoop(), isTaken)
  health.watchEventLoop({ component: 'another' })
  health.register('plain')
  health.register('silent', { deadlineMs: 1_000 })
  assert.throws(() => health.watchEventLoop({ component: 'plain' }), isTaken)
  assert.throws(() => health.watchEventLoop({ component: 'silent' }), isTaken)
  watch.stop()
  other.watchEventLoop()
  assert.throws(() => health.watchEventLoop(), isTaken)
  await other.stop()
  assert.equal(health.getStatus('event_loop'), undefined)
  health.watchEventLoop()
})

test('bad arguments are refused, and nothing is watched after a stop', async (t) => {
  const health = await start(t)
  assert.throws(() => health.breadcrumb(1 as never), { code: 'ERR_HEALTH_ARGUMENT' })
  assert.throws(() => health.watchEventLoop({ lateMs: 0 }), { code: 'ERR_HEALTH_ARGUMENT' })
  const watch = health.watchEventLoop()
  await health.stop()
  assert.throws(() => health.watchEventLoop(), { code: 'ERR_HEALTH_STOPPED' })
  assert.throws(() => health.breadcrumb(''), { code: 'ERR_HEALTH_STOPPED' })
  watch.stop()
})

test('the thread that replaces an adopted one watches under the same name', {
  timeout: 30_000,
}, async (t) => {
  const health = await start(t)
  const launch = async () => {
    const worker = new Worker(new URL('./fixtures/watched-worker.js', import.meta.url), {
      workerData: health.handle(),
    })
    health.adopt(worker)
    t.after(() => worker.terminate())
    await once(worker, 'message')
    return worker
  }
  const first = await launch()
  assert.throws(() => health.watchEventLoop({ component: 'worker_loop' }), isTaken)
  await first.terminate()
  let status = health.getStatus('worker_loop')
  while (status?.message === 'event loop on time') {
    await nextTurn()
    status = health.getStatus('worker_loop')
  }
  assert.match(status?.message ?? '', /^event loop gone for 0\.\d s: its thread has ended/)
  const second = await launch()
  assert.equal(health.getStatus('worker_loop')?.message, 'event loop on time')
  second.postMessage('stop')
  await once(second, 'exit')
  assert.equal(health.getStatus('worker_loop'), undefined)
})

test('a watch that can not be deregistered keeps neither the others nor the stop', () => {
  const bench = new Bench()
  const attachment = bench.attach()
  let refused = 0
  const watches = new EventLoopWatches(attachment, (name, rules) => {
    const reporter = bench.register(attachment, name, rules)
    reporter.deregister = () => {
      refused++
      throw new HealthError('ERR_HEALTH_UNAVAILABLE', 'the manager is away')
    }
    return reporter
  })
  const started = ['one', 'two'].map((component) => watches.watch(eventLoopSettings({ component })))
  watches.stop()
  assert.equal(refused, 2)
  assert.deepEqual(
    started.map(({ isOver }) => isOver),
    [true, true],
  )
})

test('of two threads that replace one that is gone the later one does not end the watch of the other', () => {
  const bench = new Bench()
  const settings = eventLoopSettings({ component: 'loop' })
  const gone = bench.attach(5)
  bench.register(gone, 'loop', eventLoopRules(settings, gone.identity))
  abandonMailboxesOf(bench.region, 5)
  const [faster, slower] = [bench.attach(6), bench.attach(7)]
  const { bindings } = slower
  const find = bindings.registration.bind(bindings)
  let hasReplaced = false
  bindings.registration = (name) => {
    const found = find(name)
    if (!hasReplaced) {
      hasReplaced = true
      bench.reporter(faster, 'loop').deregister()
      bench.register(faster, 'loop', eventLoopRules(settings, faster.identity))
    }
    return found
  }
  const watches = new EventLoopWatches(slower, (name, rules) => bench.register(slower, name, rules))
  assert.throws(() => watches.watch(settings), isTaken)
  assert.ok(bench.report().has('loop'))
})
