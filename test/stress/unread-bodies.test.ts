// Clients that ask for all of ten thousand components, 18 MB, and do not read them: what the process takes is bounded, probes
// are answered, and others are told why they are not.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { RawConnection } from '../contract/raw-connection.js'
import { makeCertificate, temporaryFolder } from '../contract/support/certificates.js'
import { transports } from '../e2e/transports.js'
import { probe } from './support/kubelet.js'
import { ProbeProcess } from './support/probe-process.js'

const COMPONENTS = 10_000
const BODY_BYTES = 18_000_000
const CLIENTS = 30
const MAX_UNSENT_BYTES = 64 * 1024 * 1024
/** What is held, with one body in the making, and garbage and the kernel's part beside it. Half of what all would hold. */
const MAX_GROWN_BYTES = (CLIENTS * BODY_BYTES) / 2
/** Of one body that all share. */
const MAX_GROWN_BY_ONE_BYTES = 150_000_000

/** As many as fit, and those that took the place of others that had been closed as late meanwhile. */
function assertBounded(answered: number): void {
  const fitting = Math.floor(MAX_UNSENT_BYTES / BODY_BYTES)
  assert.ok(answered >= fitting && answered <= CLIENTS / 2, `${answered} were answered`)
}

for (const transport of transports) {
  describe(`bodies that nobody reads, over ${transport}`, () => {
    let program: ProbeProcess
    let rssBefore: number

    before(async () => {
      program = await ProbeProcess.start(transport, {}, COMPONENTS)
      // All that is kept of them is there.
      for (const path of ['/livez', '/readyz', '/components']) {
        const connection = await RawConnection.open(program.port)
        connection.request('GET', path, 'Connection: close')
        assert.ok((await connection.receive()).body.length > BODY_BYTES)
      }
      rssBefore = await program.rss()
    })
    after(() => program.kill())

    async function askWithoutReading(path: string): Promise<[RawConnection, string]> {
      const connection = await RawConnection.open(program.port)
      connection.request('GET', path)
      const status = await connection.receiveStatus()
      connection.pause()
      return [connection, status]
    }

    async function grown(): Promise<number> {
      return (await program.rss()) - rssBefore
    }

    test(`${CLIENTS} who ask for the same share it`, async (t) => {
      const clients: RawConnection[] = []
      for (let i = 0; i < CLIENTS; i++) {
        const [client, status] = await askWithoutReading(`/livez?failon=degraded&exclude=${i}`)
        assert.equal(status, 'HTTP/1.1 200 OK')
        clients.push(client)
      }
      const grownBytes = await grown()
      for (const client of clients) client.close()
      t.diagnostic(`grown by ${(grownBytes / 2 ** 20).toFixed(0)} MiB`)
      assert.ok(grownBytes < MAX_GROWN_BY_ONE_BYTES, `grown by ${grownBytes} bytes`)
    })

    test(`of ${CLIENTS} who ask for as many reports some are refused, and no kubelet is`, async (t) => {
      const clients: RawConnection[] = []
      const statuses: string[] = []
      for (let i = 0; i < CLIENTS; i++) {
        await program.change()
        const [client, status] = await askWithoutReading('/livez')
        clients.push(client)
        statuses.push(status)
        const { code, body, isCut } = await probe(program.port, '/livez')
        assert.deepEqual([code, isCut], [200, false])
        assert.match(body, /^{"status":"healthy","components":{/)
      }
      const grownBytes = await grown()
      const answered = statuses.filter((status) => status === 'HTTP/1.1 200 OK').length
      t.diagnostic(`${answered} answered, grown by ${(grownBytes / 2 ** 20).toFixed(0)} MiB`)
      assertBounded(answered)
      assert.ok(grownBytes < MAX_GROWN_BYTES, `grown by ${grownBytes} bytes`)
      for (const client of clients) client.close()
      // There is room again as soon as it is noticed that they are gone.
      let status = ''
      while (status !== 'HTTP/1.1 200 OK') {
        const [client, next] = await askWithoutReading('/livez')
        client.close()
        status = next
      }
      assert.deepEqual(await program.stop(), { code: 0, signal: null, stderr: '' })
    })
  })
}

test('over TLS, where each client costs a copy, some are refused though all ask for the same', async (t) => {
  const tls = makeCertificate(
    temporaryFolder((clean) => t.after(clean)),
    'shared',
  )
  const program = await ProbeProcess.start('node', { tls }, COMPONENTS)
  t.after(() => program.kill())
  const ask = async (...headers: string[]) => {
    const connection = await RawConnection.openTls(program.port)
    t.after(() => connection.close())
    connection.request('GET', '/livez', ...headers)
    return connection
  }
  const first = await ask('Connection: close')
  assert.ok((await first.receive()).body.length > BODY_BYTES)
  const rssBefore = await program.rss()
  const statuses: string[] = []
  for (let i = 0; i < CLIENTS; i++) {
    const connection = await ask()
    statuses.push(await connection.receiveStatus())
    connection.pause()
  }
  const grownBytes = (await program.rss()) - rssBefore
  const answered = statuses.filter((status) => status === 'HTTP/1.1 200 OK').length
  t.diagnostic(`${answered} answered, grown by ${(grownBytes / 2 ** 20).toFixed(0)} MiB`)
  assertBounded(answered)
  assert.ok(grownBytes < MAX_GROWN_BYTES, `grown by ${grownBytes} bytes`)
  const kubelet = await ask('User-Agent: kube-probe/1.30')
  assert.equal((await kubelet.receive()).statusLine, 'HTTP/1.1 200 OK')
  assert.deepEqual(await program.stop(), { code: 0, signal: null, stderr: '' })
})
