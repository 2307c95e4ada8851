// A main thread that comes back to its loop late or never, the thing that gets healthy programs killed: a kubelet is
// answered all the same, in time, and with what the other threads say.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyProgram } from './support/busy-program.js'
import { assertServed } from './support/grpc-traffic.js'
import { assertAnswered, describeLatency, PROBES_PER_SECOND } from './support/probe-traffic.js'

test('every probe is answered while the main thread is blocked for 30 s', {
  timeout: 120_000,
}, async (t) => {
  const program = await BusyProgram.start(t, 'busy loop')
  const traffic = program.probe(t)
  const grpc = program.check(t)
  const sayings = await program.tellTwice([...traffic, grpc], 8 * PROBES_PER_SECOND)
  assert.equal(program.said['done'], undefined, 'the main thread came back before it was probed')
  await program.hasSaid('done')
  // Told after the block, of a loop that had two things to do when it began.
  assert.equal(program.said['turns'], 0, 'the main thread was not blocked')
  for (const each of traffic) {
    const probes = await each.stop()
    t.diagnostic(`${each.transport}: ${describeLatency(probes)}`)
    assertAnswered(probes, sayings)
  }
  const checks = await grpc.stop()
  t.diagnostic(`grpc: ${describeLatency(checks)}`)
  assertServed(checks, sayings)
  assert.deepEqual(await program.release(), [0, null])
  assert.equal(program.stderr, '')
})

test('every probe is answered while the main thread is in a catastrophic regular expression', {
  timeout: 60_000,
}, async (t) => {
  const program = await BusyProgram.start(t, 'regular expression')
  const traffic = program.probe(t)
  const grpc = program.check(t)
  const sayings = await program.tellTwice([...traffic, grpc], 2 * PROBES_PER_SECOND)
  for (const each of traffic) {
    const probes = await each.stop()
    t.diagnostic(`${each.transport}: ${describeLatency(probes)}`)
    assertAnswered(probes, sayings)
  }
  const checks = await grpc.stop()
  t.diagnostic(`grpc: ${describeLatency(checks)}`)
  assertServed(checks, sayings)
  assert.equal(program.said['done'], undefined, 'the expression was done before the probes were')
  assert.deepEqual(await program.kill(), [null, 'SIGKILL'])
  assert.equal(program.stderr, '')
})
