// How much memory many components take, and what becomes of payloads that are large or strange.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startRuntime } from '../contract/support/runtime.js'
import { runChild } from '../e2e/support/child.js'

const KIB = 1024

/**
 * V8's young generation grows with the rate of allocation, by as much as 48 MB a thread, and stays large whatever is
 * kept; in the old one of the manager garbage lies for as long as memory is plenty. At their smallest they leave what
 * 10,000 components take.
 */
const SMALLEST_HEAPS = ['--max-semi-space-size=1', '--optimize-for-size']

/** Growth of a fresh process by 10,000 components, in MiB. */
async function growthOfProcess(...flags: string[]): Promise<number> {
  const program = '../../stress/support/memory-program.js'
  const { code, said, stderr } = await runChild(program, [], ['--expose-gc', ...flags])
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  const { grownBytes, ...rest } = said[0]!
  assert.deepEqual(rest, {
    components: 10_000,
    messageLength: 40,
    metadata: { shard: '09999', zone: 'zone-3' },
  })
  return (grownBytes as number) / 2 ** 20
}

test('10,000 components with 40-byte messages and 2 metadata keys take under 16 MiB', async (t) => {
  // Heaps that have not given their pages back yet only add to what is needed, by chance: so the smallest of three counts.
  const grown: number[] = []
  for (let i = 0; i < 3; i++) grown.push(await growthOfProcess(...SMALLEST_HEAPS))
  t.diagnostic(`grown by MiB: ${grown.map((mib) => mib.toFixed(1)).join(' ')}`)
  t.diagnostic(`with V8's heaps of default size: ${(await growthOfProcess()).toFixed(1)}`)
  const smallest = Math.min(...grown)
  assert.ok(smallest < 16, `grown by ${smallest} MiB`)
})

test('a message of 64 KiB round-trips', async (t) => {
  const health = await startRuntime(t)
  const message = 'ä😀x'.repeat(64 * KIB).slice(0, 28 * KIB - 2)
  const bytes = Buffer.byteLength(message)
  const full = message + 'x'.repeat(64 * KIB - bytes)
  assert.equal(Buffer.byteLength(full), 64 * KIB)
  health.register('monitor').degraded(full)
  assert.equal(health.getStatus('monitor')?.message, full)
  assert.equal((await health.stats()).truncated, 0)
})

for (const [kind, character] of [
  ['one-byte', 'x'],
  ['two-byte', 'ä'],
  ['three-byte', '漢'],
  ['four-byte', '😀'],
] as const) {
  test(`a message of 1 MiB of ${kind} characters is cut between two of them, and its status kept`, async (t) => {
    const health = await startRuntime(t)
    const message = character.repeat(Math.ceil((1024 * KIB) / Buffer.byteLength(character)))
    const bytes = Buffer.byteLength(message)
    health.register('monitor').unhealthy(message, { kept: 'yes' })
    const seen = health.getStatus('monitor')!
    assert.equal(seen.status, 3)
    assert.deepEqual({ ...seen.metadata }, { kept: 'yes' })
    const cut = /^(.*)… \[truncated (\d+) bytes\]$/su.exec(seen.message)
    assert.ok(cut, seen.message.slice(-60))
    const [, kept, missing] = cut
    assert.ok(message.startsWith(kept!) && kept!.isWellFormed())
    assert.equal(Buffer.byteLength(kept!) + Number(missing), bytes)
    const shownBytes = Buffer.byteLength(seen.message)
    assert.ok(shownBytes <= 64 * KIB && shownBytes > 64 * KIB - 8, `shownBytes=${shownBytes}`)
    assert.equal((await health.stats()).truncated, 1)
  })
}

test('a message that was cut is a transition like any other', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('collector_manager')
  reporter.unhealthy('x'.repeat(1024 * KIB))
  assert.match(
    health.livenessCheck()?.message ?? '',
    /^collector_manager is unhealthy: x+… \[truncated \d+ bytes\]$/,
  )
  reporter.healthy('y'.repeat(1024 * KIB))
  assert.equal(health.livenessCheck(), undefined)
})

const strange: readonly [what: string, metadata: Record<string, string>][] = [
  [
    '__proto__ as a key',
    Object.fromEntries([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]),
  ],
  ['emoji in key and value', { '😀': '👨‍👩‍👧‍👦', é: 'e\u0301' }],
  ['lone surrogates', { '\ud83d': 'a\udc00b', x: '\ud83d\ud83d\ude00\ude00' }],
  ['control characters', { '\u0000': '\u0001\u0007\u001f\u007f\u0080', '\n\r\t': '\u2028\u2029' }],
  ['empty key and value', { '': '', x: '' }],
  ['a noncharacter and a byte order mark', { '\uffff': '\ufeff\ufffe', '\ufeff': '\ufffd' }],
  ['keys that look like numbers, which objects sort first', { b: '1', '2': '2', a: '3', '1': '4' }],
  ['latin-1 beside characters that need more', { ÿ: 'Ā', a: '\u0080\u00ff' }],
]
for (const [what, metadata] of strange) {
  test(`metadata with ${what} round-trips exactly`, async (t) => {
    const health = await startRuntime(t)
    health.register('monitor').healthy('', metadata)
    const seen = health.getStatus('monitor')!.metadata
    assert.deepEqual(Object.entries(seen).sort(), Object.entries(metadata).sort())
    assert.equal(Object.getPrototypeOf(seen), null)
    // The message takes the same path through shared memory.
    for (const text of Object.values(metadata)) {
      health.updateStatus('monitor', 1, text)
      assert.equal(health.getStatus('monitor')?.message, text)
    }
  })
}

test('metadata of 64 KiB in all is never lost with its status', async (t) => {
  const health = await startRuntime(t)
  const metadata = Object.fromEntries(
    Array.from({ length: 2000 }, (_, i) => [`key-${i}`, 'v'.repeat(1000)]),
  )
  health.register('monitor').degraded('large', metadata)
  const seen = health.getStatus('monitor')!
  assert.deepEqual([seen.status, seen.message], [2, 'large'])
  assert.equal((await health.stats()).truncated, 1)
  // Whole pairs from the first on; the last one that is there may be cut, and says so.
  const entries = Object.entries(seen.metadata)
  assert.ok(entries.length > 30, `${entries.length} keys`)
  for (const [key, value] of entries.slice(0, -1)) assert.equal(value, metadata[key])
})
