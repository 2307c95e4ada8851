// What a program's own end looks like from outside while its probe server listens: its own code, never 134.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RawConnection } from '../contract/raw-connection.js'
import { transports } from './transports.js'

const exitHost = fileURLToPath(new URL('./fixtures/exit-host.js', import.meta.url))
const workerHost = fileURLToPath(new URL('./fixtures/worker-host.js', import.meta.url))

/** A program that does not end is killed, so that its test fails. */
const END_DEADLINE_MS = 60_000

function run(t: TestContext, program: string, ...args: string[]) {
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: END_DEADLINE_MS,
    killSignal: 'SIGKILL',
  })
  t.after(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const port = once(child.stdout.setEncoding('utf8'), 'data').then(([line]) => Number(line))
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, errors }))
  return { port, ended }
}

const ends: readonly [how: string, code: number | null, signal: NodeJS.Signals | null][] = [
  ['exit', 3, null],
  ['throw', 1, null],
  ['reject', 1, null],
  ['sigterm', null, 'SIGTERM'],
  ['sigterm-handled', 0, null],
  ['server-stop', 0, null],
  ['exit-with-clients', 3, null],
  ['server-stop-with-clients', 0, null],
  ['runtime-stop', 0, null],
  ['stop-and-exit', 3, null],
  ['runtime-stop-while-starting', 4, null],
]

for (const transport of transports) {
  describe(`a program with a probe server on ${transport}`, () => {
    for (const [how, code, signal] of ends) {
      test(`that ends by ${how} ends with its own code`, async (t) => {
        const outcome = await run(t, exitHost, transport, how).ended
        assert.deepEqual(
          { code: outcome.code, signal: outcome.signal },
          { code, signal },
          outcome.errors,
        )
      })
    }

    // The thread is up after 30 to 100 ms, and listens some ms later.
    for (const delayMs of [0, 25, 50, 60, 70, 80, 100]) {
      test(`that exits ${delayMs} ms into the start ends with its own code`, async (t) => {
        const { ended } = run(t, exitHost, transport, 'exit-while-starting', String(delayMs))
        const { code, errors } = await ended
        assert.equal(code, 3, errors)
      })
    }

    for (const [count, readTimeoutMs] of [
      [200, 5],
      [1, 1_000],
    ] as const) {
      test(`that exits while ${count} probes wait ${readTimeoutMs} ms each ends with its own code`, async (t) => {
        const numbers = [String(count), String(readTimeoutMs)]
        const { code, errors } = await run(
          t,
          exitHost,
          transport,
          'exit-while-probes-wait',
          ...numbers,
        ).ended
        assert.equal(code, 3, errors)
      })
    }

    test('answers while its main thread is blocked', async (t) => {
      const { port } = run(t, exitHost, transport, 'block')
      const connection = await RawConnection.open(await port)
      t.after(() => connection.close())
      // The main thread was blocked as soon as it had printed its port, and stays so until it is killed.
      for (let i = 0; i < 100; i++) {
        connection.request('GET', '/healthz')
        assert.equal((await connection.receive()).statusLine, 'HTTP/1.1 200 OK')
      }
    })
  })
}

test('a program whose server is in a worker survives the termination of that worker', async (t) => {
  const { code, errors } = await run(t, workerHost, 'terminate').ended
  assert.equal(code, 5, errors)
})

test('a program whose server is in a worker ends with its own code', async (t) => {
  const { code, errors } = await run(t, workerHost, 'exit').ended
  assert.equal(code, 3, errors)
})
