// A real reporter, in its worker, and a real receiver, over TLS and mTLS: each fault that there may be between them, one after the other,
// and that after each of them heartbeats arrive again, from the same thread.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, type TestContext, test } from 'node:test'
import { ServerCredentials } from '@grpc/grpc-js'
import { HeartbeatReporter, type SentHeartbeat } from '../../src/heartbeat/index.js'
import { codeName } from '../../src/heartbeat/transport.js'
import { makeCertificate, temporaryFolder } from '../contract/support/certificates.js'
import { FaultyReceiver } from '../contract/support/faulty-receiver.js'
import { RecordingProxy } from '../contract/support/recording-proxy.js'
import { startHealth } from './support/heartbeats.js'

const TOKEN = 'the-secret-of-this-cluster'
const limit = { timeout: 120_000 }
/** CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, UNAVAILABLE. */
const RETRYABLE = new Set([1, 2, 4, 8, 10, 14])
const CODES = Array.from({ length: 16 }, (_, index) => index + 1)

type Certificate = ReturnType<typeof makeCertificate>
type Told = { readonly sent: SentHeartbeat } | { readonly error: string }

/** What a reporter tells, in order, each once. */
class Story {
  sentCount = 0
  readonly #told: Told[] = []
  #wake = () => {}

  constructor(reporter: HeartbeatReporter) {
    reporter.on('sent', (sent) => {
      this.sentCount++
      this.#tell({ sent })
    })
    reporter.on('error', ({ message }) => this.#tell({ error: message }))
  }

  #tell(told: Told): void {
    this.#told.push(told)
    this.#wake()
  }

  /** Goes on to the first that is as wanted. */
  async until(isWanted: (told: Told) => boolean): Promise<Told> {
    for (;;) {
      const told = this.#told.shift()
      if (told !== undefined && isWanted(told)) return told
      if (told !== undefined) continue
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  sent(isWanted: (sent: SentHeartbeat) => boolean = () => true): Promise<Told> {
    return this.until((told) => 'sent' in told && isWanted(told.sent))
  }

  error(text: string): Promise<Told> {
    return this.until((told) => 'error' in told && told.error.includes(text))
  }
}

for (const channel of ['TLS', 'mTLS'] as const) {
  describe(`over ${channel}`, () => {
    const certificate = (t: TestContext, name: string) =>
      makeCertificate(
        temporaryFolder((remove) => t.after(remove)),
        name,
      )

    async function startAll(t: TestContext) {
      const server = certificate(t, 'localhost')
      const client = channel === 'mTLS' ? certificate(t, 'an operator') : undefined
      const credentials = credentialsOf(server, client)
      const receiver = await FaultyReceiver.start(t, {
        credentials,
        options: { 'grpc.max_send_message_length': -1 },
      })
      const proxy = await RecordingProxy.start(t, receiver.port)
      const tls = { caFile: server.certFile, ...client }
      return { receiver, proxy, credentials, tls }
    }

    async function startReporter(t: TestContext, port: number, tls: object): Promise<Story> {
      const health = await startHealth(t)
      const reporter = new HeartbeatReporter(health, {
        url: `https://localhost:${port}`,
        token: TOKEN,
        tls,
        intervalMs: 200,
        resendDelayMs: 0,
        attemptTimeoutMs: 1_000,
      })
      t.after(() => reporter.stop())
      const story = new Story(reporter)
      await reporter.start()
      return story
    }

    test('a receiver that is not there yet is reached when it is', limit, async (t) => {
      const { receiver, credentials, tls } = await startAll(t)
      const { port } = receiver
      receiver.stop()
      const story = await startReporter(t, port, tls)
      await story.error('code=UNAVAILABLE attempts=3')
      const later = await FaultyReceiver.start(t, { credentials, port })
      await story.sent()
      assert.ok(later.received.length > 0)
    })

    test(
      'each code ends the call or is tried again, by the rules of the reference',
      limit,
      async (t) => {
        const { receiver, tls } = await startAll(t)
        const story = await startReporter(t, receiver.port, tls)
        await story.sent()
        for (const code of CODES) {
          const attempts = RETRYABLE.has(code) ? 3 : 1
          receiver.faults = Array(attempts).fill({ code, details: 'because' })
          await story.error(`code=${codeName(code)} attempts=${attempts}: because`)
          await story.sent(({ isResent }) => isResent)
        }
      },
    )

    test('one that hangs is left at the deadline, three times', limit, async (t) => {
      const { receiver, tls } = await startAll(t)
      const story = await startReporter(t, receiver.port, tls)
      await story.sent()
      receiver.faults = ['hang', 'hang', 'hang']
      await story.error('code=DEADLINE_EXCEEDED attempts=3')
      await story.sent(({ isResent }) => isResent)
    })

    test('one that is slow is waited for', limit, async (t) => {
      const { receiver, tls } = await startAll(t)
      const story = await startReporter(t, receiver.port, tls)
      await story.sent()
      receiver.later = { slowMs: 300 }
      // One may have been under way.
      const until = story.sentCount + 2
      while (story.sentCount < until) await story.sent()
    })

    test(
      'a connection that is reset in the middle of a call costs an attempt',
      limit,
      async (t) => {
        const { receiver, proxy, tls } = await startAll(t)
        const story = await startReporter(t, proxy.port, tls)
        await story.sent()
        assert.ok(!proxy.sent.includes(TOKEN), 'nobody in between can read it')
        receiver.faults = [{ act: () => proxy.destroy() }]
        await story.sent(({ attempts }) => attempts > 1)
      },
    )

    test('an answer of 64 MB is refused at its beginning', limit, async (t) => {
      const { receiver, proxy, tls } = await startAll(t)
      const story = await startReporter(t, proxy.port, tls)
      await story.sent()
      const before = proxy.answeredBytes
      receiver.faults = Array(3).fill({ responseBytes: 64 * 2 ** 20 })
      await story.error('code=RESOURCE_EXHAUSTED attempts=3')
      await story.sent(({ isResent }) => isResent)
      const taken = proxy.answeredBytes - before
      assert.ok(taken < 24 * 2 ** 20, `${taken} bytes were taken of three answers`)
    })
  })
}

function credentialsOf(server: Certificate, client: Certificate | undefined): ServerCredentials {
  const pair = {
    cert_chain: readFileSync(server.certFile),
    private_key: readFileSync(server.keyFile),
  }
  const clientCa = client === undefined ? null : readFileSync(client.certFile)
  return ServerCredentials.createSsl(clientCa, [pair], clientCa !== null)
}
