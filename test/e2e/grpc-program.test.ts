// A program with a gRPC port, seen by a watcher in another process: its end, and its main thread while it is blocked.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { GrpcClient } from '../contract/support/grpc-client.js'
import { attack } from '../stress/support/abuse.js'
import { transports } from './transports.js'

const host = fileURLToPath(new URL('./fixtures/grpc-host.js', import.meta.url))
const END_DEADLINE_MS = 60_000
/** As in the fixture, which cannot be imported: it is a program. */
const FLIPS = 100

async function start(t: TestContext, transport: string, how: string) {
  const child = spawn(process.execPath, [host, transport, how], {
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: END_DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  t.after(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, errors }))
  await once(child.stdout, 'data')
  const port = Number(said.split('\n', 1)[0])
  const client = new GrpcClient(t, port)
  const watch = client.watch('liveness')
  assert.equal(await watch.next(), 'serving')
  return {
    port,
    client,
    watch,
    ended,
    go: () => child.stdin.write('go\n'),
    isUnblocked: () => said.includes('unblocked'),
  }
}

const ends: readonly [how: string, code: number | null, signal: NodeJS.Signals | null][] = [
  ['exit', 3, null],
  ['throw', 1, null],
  ['sigterm', null, 'SIGTERM'],
  ['runtime-stop', 0, null],
  ['server-stop', 0, null],
]

for (const transport of transports) {
  describe(`a program with a gRPC port beside ${transport}`, () => {
    for (const [how, code, signal] of ends) {
      test(`that is watched and ends by ${how} ends with its own code`, async (t) => {
        const { watch, ended, go } = await start(t, transport, how)
        go()
        const outcome = await ended
        assert.deepEqual([outcome.code, outcome.signal], [code, signal], outcome.errors)
        const ending = await watch.ended
        // A program that just goes has no time for goodbyes.
        if (code !== 0) return
        assert.equal(ending, 'UNAVAILABLE')
        assert.deepEqual(watch.told, ['serving', 'not serving'])
      })
    }
  })
}

// node:http2 aborts the process if its thread is ended amid a client's frames, so what is open is closed first.
for (const [how, code] of [
  ['exit', 3],
  ['throw', 1],
] as const) {
  test(`a program that is flooded with calls and ends by ${how} ends with its own code`, async (t) => {
    const { port, ended, go } = await start(t, 'node', how)
    for (const [kind, count] of [
      ['calls', 20],
      ['resets', 8],
    ] as const) {
      await attack(t, './grpc-abuser-program.js', port, kind, count)
    }
    go()
    const outcome = await ended
    assert.deepEqual([outcome.code, outcome.signal], [code, null], outcome.errors)
  })
}

test('a watcher is told what a worker reports while the main thread is blocked', async (t) => {
  const { client, watch, ended, go, isUnblocked } = await start(t, 'node', 'block')
  go()
  for (let i = 0; i < FLIPS; i++) {
    assert.equal(await watch.next(), 'not serving')
    assert.equal(await watch.next(), 'serving')
  }
  assert.equal(await client.check(''), 'serving')
  assert.equal(isUnblocked(), false)
  const { code, errors } = await ended
  assert.equal(code, 0, errors)
  assert.equal(watch.told.length, 2 * FLIPS + 2)
})
