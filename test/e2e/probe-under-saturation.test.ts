// Two threads that change their components as fast as they can: a kubelet is answered in time, with one instant of
// each of them, and with what a third thread has said last.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BusyProgram } from './support/busy-program.js'
import { assertServed } from './support/grpc-traffic.js'
import type { Probe } from './support/kubelet-probe.js'
import { assertAnswered, describeLatency, PROBES_PER_SECOND } from './support/probe-traffic.js'

const PRODUCERS = ['producer_0', 'producer_1']
const PRODUCER = /"(producer_\d)":\{"status":"(healthy|degraded)","message":"n=(\d+)"\}/g
const OTHERS = PRODUCERS.map((name) => `,"${name}":"seen"`).join('')

/** What a probe saw of a producer: the number of an update. @throws where status and number are not of one update. */
function numbersIn(body: string): ReadonlyMap<string, number> {
  const found = [...body.matchAll(PRODUCER)].map(([text, name = '', status, number]) => {
    assert.equal(status, Number(number) % 2 === 0 ? 'healthy' : 'degraded', text)
    return [name, Number(number)] as const
  })
  return new Map(found)
}

/** Asserts that no probe that began after another had ended saw an older update, and that the updates went on. */
function assertProgress(probes: readonly Probe[]): void {
  for (const name of PRODUCERS) {
    const seen = probes.map((probe) => ({
      ...probe,
      number: numbersIn(probe.answer?.body ?? '').get(name) ?? 0,
    }))
    for (const later of seen) {
      const earlier = seen.filter(({ endedAt }) => endedAt < later.startedAt)
      const newest = Math.max(0, ...earlier.map(({ number }) => number))
      assert.ok(later.number >= newest, `${name}: n=${later.number} was seen after n=${newest}`)
    }
    const distinct = new Set(seen.map(({ number }) => number)).size
    // All, but for a producer that has waited for a processor from one probe to the next.
    assert.ok(distinct > seen.length / 4, `${name}: ${distinct} updates in ${seen.length} answers`)
  }
}

test('every probe is answered while two producers saturate', { timeout: 120_000 }, async (t) => {
  const program = await BusyProgram.start(t, 'saturation')
  const traffic = program.probe(t)
  const grpc = program.check(t)
  const sayings = await program.tellTwice([...traffic, grpc], 2 * PROBES_PER_SECOND, OTHERS)
  for (const each of traffic) {
    const probes = await each.stop()
    t.diagnostic(`${each.transport}: ${describeLatency(probes)}`)
    const withoutNumbers = probes.map((probe) => {
      if (probe.answer === undefined) return probe
      const { code, body } = probe.answer
      return { ...probe, answer: { code, body: body.replace(PRODUCER, '"$1":"seen"') } }
    })
    assertAnswered(withoutNumbers, sayings)
    assertProgress(probes)
  }
  const checks = await grpc.stop()
  t.diagnostic(`grpc: ${describeLatency(checks)}`)
  assertServed(checks, sayings)
  assert.deepEqual(await program.kill(), [null, 'SIGKILL'])
  assert.equal(program.stderr, '')
})
