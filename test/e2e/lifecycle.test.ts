// How an embedding program lives and ends with the runtime, seen from outside of its process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChild } from './support/child.js'

/** Runs a scenario that must end by itself, and gives back what it said, all lines merged. */
async function runScenario(scenario: string): Promise<Record<string, unknown>> {
  const { code, signal, said, stderr } = await runChild('./lifecycle-program.js', [scenario])
  assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' })
  return Object.assign({}, ...said)
}

const onlyStopped = (outcomes: unknown) =>
  Object.entries(outcomes as Record<string, string>).filter(
    ([, outcome]) => outcome !== 'ERR_HEALTH_STOPPED',
  )

test('the process ends by itself after stop', async () => {
  const { components, resources } = await runScenario('stop')
  assert.equal(components, 2)
  const left = (resources as string[]).filter(
    (resource) => !/TTYWrap|PipeWrap|FSReq/.test(resource),
  )
  assert.deepEqual(left, [], 'something of the runtime is left behind')
})

test('a program that never calls stop and has nothing else to do can end', async () => {
  assert.deepEqual(await runScenario('never-stop'), { message: 'fine' })
})

test('stop may be called twice, also at once, and is what asyncDispose does', async () => {
  assert.deepEqual(await runScenario('stop-twice'), { stopped: true })
})

test('after stop every method throws ERR_HEALTH_STOPPED, in the host and in attached workers', async () => {
  const { host, worker, attach } = await runScenario('after-stop')
  assert.deepEqual(onlyStopped(host), [])
  assert.deepEqual(onlyStopped(worker), [])
  assert.equal(attach, 'ERR_HEALTH_STOPPED')
})

test('stop of an attached manager detaches its thread only, and makes room for another', async () => {
  const { worker, healthy } = await runScenario('detach')
  assert.deepEqual(onlyStopped(worker), [])
  assert.equal(healthy, 24)
})

test('workers that end or throw without a stop make room for others', async () => {
  assert.deepEqual(await runScenario('end-without-stop'), { healthy: 12 })
})

test('a manager that keeps crashing is given up after the restart intensity, with an error event', async () => {
  const { restarts, code, actors, message, tookMs, stopped } = await runScenario('crash-loop')
  assert.equal(restarts, 3)
  assert.equal(code, 'ERR_HEALTH_UNAVAILABLE')
  assert.deepEqual(actors, [{ name: 'manager', state: 'failed', restarts: 3 }])
  // Reads go on from the table, in bounded time.
  assert.equal(message, 'before')
  assert.ok((tookMs as number) < 1000, `tookMs=${tookMs}`)
  assert.equal(stopped, true)
})

test('64 worker threads are attached at once, and all of them report', async () => {
  const { attached, right } = await runScenario('many-workers')
  assert.ok((attached as number) >= 65, `attached=${attached}`)
  assert.equal(right, 64)
})

test('an idle runtime uses under 0.5 % of a core', async (t) => {
  const { percent } = await runScenario('idle')
  t.diagnostic(`${percent} % of a core`)
  assert.ok((percent as number) < 0.5, `${percent} % of a core`)
})
