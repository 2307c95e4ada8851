// Long answers that say the same are the same bytes, whoever asks and in whichever way.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createProbeHandler } from '../../src/probe/routes.js'
import { SharedBodies } from '../../src/probe/shared-bodies.js'
import { send } from '../ask.js'
import { FakeReader, type Given, OPEN_TO_ALL, reportOf } from '../fake-reader.js'

const names = Array.from({ length: 700 }, (_, i) => `component_${i}`)

function components(message: string): Record<string, Given> {
  return {
    ...Object.fromEntries(names.map((name): [string, Given] => [name, [1, message]])),
    collector_manager: [2, 'slow'],
  }
}

function world() {
  const reader = FakeReader.of(components('as ever, and then some'))
  reader.policy = {
    liveness: ['collector_manager', ...names],
    readiness: [],
    unregistered: 'skip',
  }
  const handler = createProbeHandler(reader, OPEN_TO_ALL)
  return { reader, body: (target: string) => send(handler, target).body }
}

for (const target of [
  '/livez?failon=degraded',
  '/livez?exclude=component_7',
  '/livez?verbose',
  '/livez?verbose&exclude=component_7&exclude=component_8&failon=degraded',
]) {
  test(`${target} is rendered once for all who ask for it`, () => {
    const { reader, body } = world()
    const first = body(target)
    assert.ok(first.length > 10 * 1024)
    assert.equal(body(`${target}&x=1`), first)
    reader.report = reportOf(components('otherwise, for a change of words'))
    const second = body(target)
    assert.notEqual(second, first)
    assert.equal(body(target), second)
  })
}

test('a verdict in the same words is the same body, whatever was asked', () => {
  const { body } = world()
  const plain = body('/livez')
  assert.equal(body('/livez?exclude=component_1'), plain)
  assert.equal(body('/livez?exclude=component_2&exclude=collector_manager'), plain)
  assert.notEqual(body('/livez?failon=degraded'), plain)
})

test('lines differ by path, by what is excluded, by threshold and by gates', () => {
  const { reader, body } = world()
  const open = reader.gate
  const seen = new Set<unknown>()
  const targets = [
    '/livez?verbose',
    '/healthz?verbose',
    '/livez?verbose&exclude=component_1',
    '/livez?verbose&failon=degraded',
  ]
  for (const isLivenessSuppressed of [false, true]) {
    reader.gate = { ...open, isLivenessSuppressed }
    for (const target of targets) seen.add(body(target))
  }
  assert.equal(seen.size, 2 * targets.length)
  assert.equal(new Set([...seen].map(String)).size, seen.size)
})

for (const target of ['/components', '/livez?verbose']) {
  test(`${target} under a suppression is rendered once within a tenth of a second`, () => {
    const { reader, body } = world()
    reader.gate = { ...reader.gate, isLivenessSuppressed: true }
    const until = Date.UTC(2026, 0, 31, 12)
    const suppress = (remainingMs: number, owner = 'a', reason = 'b') => {
      reader.suppressed = { liveness: { owner, reason, until, remainingMs } }
    }
    suppress(1_590)
    const first = body(target)
    suppress(1_510)
    assert.equal(body(target), first)
    for (const [remainingMs, owner, reason] of [
      [1_400, 'a', 'b'],
      [1_510, 'c', 'b'],
      [1_510, 'a', 'c'],
    ] as const) {
      suppress(remainingMs, owner, reason)
      assert.notEqual(body(target), first)
    }
  })
}

test('a body is rendered again for another key, another version, and where it is not kept', () => {
  const bodies = new SharedBodies<number>()
  let rendered = 0
  const ask = (version: number, key: string, bytes = 11 * 1024) =>
    bodies.of(version, key, () => {
      rendered++
      return Buffer.alloc(bytes)
    })
  const first = ask(1, 'a')
  assert.equal(ask(1, 'a'), first)
  assert.notEqual(ask(1, 'b'), first)
  assert.notEqual(ask(2, 'a'), first)
  assert.equal(rendered, 3)
  // Short ones are not worth it, and of the others so many are known.
  assert.notEqual(ask(2, 'short', 100), ask(2, 'short', 100))
  const held = Array.from({ length: 17 }, (_, i) => ask(3, `${i}`))
  assert.equal(ask(3, '16'), held[16])
  assert.notEqual(ask(3, '0'), held[0])
})

test('a body of a version that is over by the time it is there is not found', () => {
  const bodies = new SharedBodies<number>()
  assert.equal(bodies.find(1, 'a'), undefined)
  assert.equal(bodies.find(2, 'a'), undefined)
  const late = Buffer.alloc(11 * 1024)
  bodies.keep(1, 'a', late)
  assert.equal(bodies.find(2, 'a'), undefined)
  bodies.keep(2, 'a', late)
  assert.equal(bodies.find(2, 'a'), late)
})
