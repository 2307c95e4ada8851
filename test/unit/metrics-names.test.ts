// Component names are any strings; a label value holds any text, escaped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Exposition } from '../../src/probe/metrics-exposition.js'
import { COMPONENT_FAMILIES } from '../../src/probe/metrics-families.js'
import { ProbeRecorder } from '../../src/probe/metrics-recorder.js'
import { anyText } from '../property/support.js'
import { FakeSource } from './metrics-support.js'

/** What Prometheus reads back from an escaped label value. */
function unescaped(value: string): string {
  return value.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
}

const family = COMPONENT_FAMILIES.find(({ name }) => name.endsWith('_timestamp_seconds'))!
const exposition = new Exposition([family])

async function labelOf(name: string): Promise<string> {
  const source = FakeSource.of({ [name]: [1] })
  const { policy } = source
  const scene = {
    source,
    look: source.look(),
    runtime: source.runtime(),
    recorder: new ProbeRecorder(policy),
    restarts: {},
  }
  const bytes = await exposition.write(
    ({ samples }) => samples(scene),
    async () => {},
  )
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  const [, value] = text.match(/\n[a-z_]+\{component="((?:\\.|[^\\"\n])*)"\} 0\n$/)!
  return value!
}

for (const [name, label] of [
  ['plain', 'plain'],
  ['a "quoted" name', 'a \\"quoted\\" name'],
  ['back\\slash', 'back\\\\slash'],
  ['two\nlines', 'two\\nlines'],
  ['\\n', '\\\\n'],
  ['{a="b"} 1 # x', '{a=\\"b\\"} 1 # x'],
  ['中\u{1f600}', '中\u{1f600}'],
  ['half \ud83d of a pair', 'half \\\\ud83d of a pair'],
  ['\ude00\ud83d', '\\\\ude00\\\\ud83d'],
  ['__proto__', '__proto__'],
] as const) {
  test(`a component named ${JSON.stringify(name)} can be told from others`, async () => {
    assert.equal(await labelOf(name), label)
  })
}

test('any name that UTF-8 can hold is read back as it was, and any other as one that it can', async () => {
  await fc.assert(
    fc.asyncProperty(anyText(), async (name) => {
      fc.pre(name !== '' && name !== '__proto__')
      const read = unescaped(await labelOf(name))
      assert.ok(read.isWellFormed())
      if (name.isWellFormed()) assert.equal(read, name)
    }),
    { numRuns: 500 },
  )
})
