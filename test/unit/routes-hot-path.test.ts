// What a probe of an unchanged verdict costs, by what it allocates, never by its time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProbeRecorder } from '../../src/probe/metrics-recorder.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { allocatedBytes } from '../allocations.js'
import { KUBELET, send } from '../ask.js'
import { FakeReader, type Given, OPEN_TO_ALL } from '../fake-reader.js'

/** The target and its query in one object, and what the compiler does not keep on the stack. */
const MAX_BYTES = 128

const names = Array.from({ length: 1_000 }, (_, i) => `component_${i}`)
const components = Object.fromEntries(names.map((name): [string, Given] => [name, [1, 'fine']]))

for (const [what, reader] of [
  ['passes', FakeReader.of({ ...components, collector_manager: [1] })],
  ['fails', FakeReader.of({ ...components, collector_manager: [3, 'gone'] })],
] as const) {
  for (const [who, agent] of [
    ['a kubelet', KUBELET.headers?.['user-agent'] ?? ''],
    ['anybody else', ''],
  ] as const) {
    test(`a verdict that ${what} is told again to ${who} without a body of its own`, () => {
      const look = reader.look()
      reader.look = () => look
      // As in a probe actor, so what it costs to be counted is within the bound.
      const { onJudged } = new ProbeRecorder(reader.policy)
      const handler = createProbeHandler(reader, { ...OPEN_TO_ALL, onJudged })
      const request = {
        method: 'GET',
        target: '/livez',
        header: () => agent,
        isFromLoopback: () => false,
        remoteAddress: () => '192.0.2.1',
      }
      const answer = handler(request)
      assert.ok(allocatedBytes(() => handler(request), MAX_BYTES + 1) <= MAX_BYTES)
      assert.equal(handler(request), answer)
      assert.equal(send(handler, '/healthz', { headers: { 'user-agent': agent } }), answer)
    })
  }
}
