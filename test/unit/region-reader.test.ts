import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { MANAGER_BEAT, PHASE, PHASE_STOPPED } from '../../src/memory/layout.js'
import { judgeLiveness, judgeReadiness } from '../../src/model/policy.js'
import { ExitGate } from '../../src/probe/exit-gate.js'
import { RegionReader } from '../../src/probe/region-reader.js'
import { Bench } from './core-support.js'

/** A reader of a component that is healthy, and was just said to be unhealthy to a manager that is away. */
function createReader(t: TestContext, keepsWatch = false) {
  const bench = new Bench()
  const reporter = bench.register(bench.attach(), 'x')
  reporter.healthy()
  bench.drain.run()
  reporter.unhealthy()
  const gate = new ExitGate()
  const policy = { liveness: ['x'], readiness: ['x'], unregistered: 'fail' } as const
  const handle = {
    region: bench.region.words.buffer,
    policy,
    publishTimeoutMs: 0,
    readTimeoutMs: 0,
    observers: { drainMs: 0, restarts: { max: 0, withinMs: 1 }, workerBaseUrl: undefined },
  }
  const { mock } = t.mock.method(Atomics, 'wait')
  return { bench, gate, reader: new RegionReader(handle, 20, gate, keepsWatch), wait: mock }
}

function liveness(reader: RegionReader) {
  const { report, gate } = reader.look()
  return judgeLiveness(reader.policy, gate, (name) => report.get(name))
}

function readiness(reader: RegionReader) {
  const { report, gate } = reader.look()
  return judgeReadiness(reader.policy, gate, (name) => report.get(name))
}

test('reads wait once in sum for a manager that is away, and tell what it had applied', (t) => {
  const { reader, wait } = createReader(t)
  assert.equal(liveness(reader), undefined)
  const waits = wait.callCount()
  assert.ok(waits > 0)
  for (let i = 0; i < 100; i++) assert.equal(readiness(reader), undefined)
  assert.equal(wait.callCount(), waits)
})

test('no read waits once the host is closing, and each tells what is applied', (t) => {
  const { bench, gate, reader, wait } = createReader(t)
  gate.requestClose()
  assert.equal(liveness(reader), undefined)
  assert.equal(readiness(reader), undefined)
  assert.equal(wait.callCount(), 0)
  bench.drain.run()
  assert.equal(liveness(reader)?.component, 'x')
})

test('a runtime that is stopped is told, also once the host is closing', (t) => {
  const { bench, gate, reader } = createReader(t)
  Atomics.store(bench.region.words, PHASE, PHASE_STOPPED)
  assert.throws(() => reader.look(), { code: 'ERR_HEALTH_STOPPED' })
  gate.requestClose()
  assert.throws(() => reader.look(), { code: 'ERR_HEALTH_STOPPED' })
})

test('a thread of its own knows of a manager that is silent also if nobody has asked for a while', (t) => {
  let ms = 1_000
  t.mock.method(performance, 'now', () => ms)
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { bench, reader } = createReader(t, true)
  bench.drain.run()
  bench.region.words[MANAGER_BEAT] = 1
  const pass = (passedMs: number) => {
    for (const end = ms + passedMs; ms < end; ) {
      ms += 250
      t.mock.timers.tick(250)
    }
  }
  pass(5_000)
  assert.deepEqual([...reader.look().report.keys()], ['x'])
  pass(1_000)
  assert.deepEqual([...reader.look().report.keys()], ['health_runtime', 'x'])
})
