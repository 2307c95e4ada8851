// A renewal of the certificate that is bad, over HTTPS and over gRPC with TLS: told on standard error, and the old
// certificate goes on being shown until the renewal is whole.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import fs, { writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { type TestContext, test } from 'node:test'
import { connect } from 'node:tls'
import { GrpcCounters } from '../../src/probe/grpc-counters.js'
import { GrpcListener } from '../../src/probe/grpc-listener.js'
import { DEFAULT_LIMITS, type TlsFiles } from '../../src/probe/listener.js'
import { NodeListener } from '../../src/probe/node-listener.js'
import { createProbeHandler } from '../../src/probe/routes.js'
import { FakeReader, OPEN_TO_ALL } from '../fake-reader.js'
import { FakeWatchSource } from '../fake-watch-source.js'
import { temporaryFolder, writeCertificate } from './support/certificates.js'
import { createCertificate } from './support/self-signed.js'

const HOST = '127.0.0.1'

/** Each starts a server with these files, and gives its port. */
const servers: Readonly<Record<string, (t: TestContext, tls: TlsFiles) => Promise<number>>> = {
  async HTTPS(t, tls) {
    const handler = createProbeHandler(new FakeReader(), OPEN_TO_ALL)
    const listener = new NodeListener(handler, { limits: DEFAULT_LIMITS, tls })
    t.after(() => listener.stop())
    return (await listener.start(HOST, 0)).port
  },
  async gRPC(t, tls) {
    const { audience } = OPEN_TO_ALL
    const listener = new GrpcListener(
      { host: HOST, port: 0, tls },
      { limits: DEFAULT_LIMITS, audience },
      new FakeReader(),
      new FakeWatchSource(),
      { counts: new GrpcCounters(), onAnswered: () => {}, isClosing: () => false },
    )
    t.after(() => listener.close())
    return listener.start()
  },
}

/** The name of the certificate that a new connection is shown. */
async function shownBy(port: number): Promise<string> {
  const ALPNProtocols = ['h2', 'http/1.1']
  const socket = connect({ port, host: HOST, rejectUnauthorized: false, ALPNProtocols })
  await once(socket, 'secureConnect')
  const { CN } = socket.getPeerCertificate().subject
  socket.destroy()
  return String(CN)
}

/** What is written on standard error from now on, line by line, instead of being written there. */
function takeStandardError(t: TestContext): () => Promise<string> {
  const lines: string[] = []
  let wake = () => {}
  const { writeSync } = fs
  const write = (fd: number, text: string): number => {
    if (fd !== 2) return writeSync(fd, text)
    lines.push(text)
    wake()
    return text.length
  }
  t.mock.method(fs, 'writeSync', write as typeof writeSync)
  syncBuiltinESMExports()
  t.after(() => {
    t.mock.restoreAll()
    syncBuiltinESMExports()
  })
  return async () => {
    while (lines.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    }
    return lines.shift()!
  }
}

const faults = [
  ['is half there', createCertificate().cert, 'certFile=.* keyFile=.*: .*key values mismatch'],
  ['cannot be parsed', '-----BEGIN CERTIFICATE-----\n', 'certFile=.*: .*PEM'],
] as const

for (const [name, start] of Object.entries(servers)) {
  for (const [what, cert, why] of faults) {
    test(`${name} tells of a renewal that ${what}, and shows the old certificate until it is good`, async (t) => {
      const nextLine = takeStandardError(t)
      const folder = temporaryFolder((remove) => t.after(remove))
      const files = writeCertificate(folder, createCertificate('before'))
      const port = await start(t, files)
      writeFileSync(files.certFile, cert)
      const line = `^health-actor: the certificate is not renewed: cannot use the certificate: ${why}.*\n$`
      assert.match(await nextLine(), new RegExp(line))
      assert.equal(await shownBy(port), 'before')
      writeCertificate(folder, createCertificate('after'))
      let shown = 'before'
      while (shown === 'before') shown = await shownBy(port)
      assert.equal(shown, 'after')
    })
  }
}
