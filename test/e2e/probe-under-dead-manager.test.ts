// A manager that was killed and is not started again, in a program whose main thread is blocked too: the probe actor is
// all that is left. It answers with what was applied last, and says that nothing newer will come.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HealthStatus } from '../../src/index.js'
import { BusyProgram, sayingAtStart } from './support/busy-program.js'
import { assertServed } from './support/grpc-traffic.js'
import {
  assertAnswered,
  describeLatency,
  more,
  PROBES_PER_SECOND,
} from './support/probe-traffic.js'

const RUNTIME =
  ',"health_runtime":{"status":"degraded","message":"the manager actor failed too often, or the thread that had started it ended, and was given up; ' +
  'statuses are the last that were applied"}'

test('every probe is answered while the manager is dead', { timeout: 120_000 }, async (t) => {
  const program = await BusyProgram.start(t, 'dead manager')
  const traffic = program.probe(t)
  const grpc = program.check(t)
  await more([...traffic, grpc], 2 * PROBES_PER_SECOND)
  // Accepted, and never applied: each probe from here on waits for it as long as it may, and in vain.
  await program.tell(HealthStatus.Unhealthy, 'no collectors running')
  await more([...traffic, grpc], 3 * PROBES_PER_SECOND)
  for (const each of traffic) {
    const probes = await each.stop()
    t.diagnostic(`${each.transport}: ${describeLatency(probes)}`)
    assertAnswered(probes, [sayingAtStart(RUNTIME)])
  }
  const checks = await grpc.stop()
  t.diagnostic(`grpc: ${describeLatency(checks)}`)
  assertServed(checks, [sayingAtStart(RUNTIME)])
  assert.equal(program.said['done'], undefined, 'the main thread came back before it was probed')
  assert.deepEqual(await program.kill(), [null, 'SIGKILL'])
  assert.equal(program.stderr, '')
})
