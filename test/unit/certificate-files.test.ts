import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { type Certificate, CertificateFiles } from '../../src/probe/certificate-files.js'
import { makeCertificate, temporaryFolder } from '../contract/support/certificates.js'

const POLL_MS = 5

/** What a server was given, and what was said; `next` resolves with the next of either. */
function watched(t: TestContext) {
  const [mounted, renewed] = ['mounted', 'renewed'].map((name) =>
    makeCertificate(
      temporaryFolder((remove) => t.after(remove)),
      name,
    ),
  )
  const shown: Certificate[] = []
  const said: string[] = []
  let wake = () => {}
  const server = {
    setSecureContext(certificate: Certificate) {
      shown.push(certificate)
      wake()
    },
  }
  const say = (text: string) => {
    said.push(text)
    wake()
  }
  const files = new CertificateFiles(mounted!, say, POLL_MS)
  t.after(() => files.close())
  // Its own timer keeps nothing alive.
  const alive = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(alive))
  const next = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })
  return { mounted: mounted!, renewed: renewed!, files, server, shown, said, next }
}

test('keeps the old pair while the new one is half there, and says so once', async (t) => {
  const { mounted, renewed, files, server, shown, said, next } = watched(t)
  await files.serveOn(server)
  const complained = next()
  copyFileSync(renewed.certFile, mounted.certFile)
  await complained
  assert.match(said[0]!, /^health-actor: the certificate is not renewed: .*certFile=.*keyFile=/)
  // Half written, which is another fault of the same renewal.
  writeFileSync(mounted.keyFile, '-----BEGIN PRIVATE KEY-----\n')
  await new Promise((resolve) => setTimeout(resolve, POLL_MS * 4))
  const changed = next()
  copyFileSync(renewed.keyFile, mounted.keyFile)
  await changed
  assert.equal(said.length, 1)
  assert.equal(shown.length, 2)
  assert.match(shown[1]!.cert.toString(), /BEGIN CERTIFICATE/)
})

test('says it again of another renewal', async (t) => {
  const { mounted, renewed, files, server, shown, said, next } = watched(t)
  await files.serveOn(server)
  for (let renewal = 1; renewal <= 2; renewal++) {
    const complained = next()
    copyFileSync(renewed.certFile, mounted.certFile)
    await complained
    assert.equal(said.length, renewal)
    const changed = next()
    writeFileSync(mounted.certFile, shown[0]!.cert)
    await changed
    assert.equal(shown.length, 1 + renewal)
  }
})

test('looks no more after it was closed, also if that was during the first look', async (t) => {
  for (const isEarly of [true, false]) {
    const { mounted, renewed, files, server, shown, said } = watched(t)
    const serving = files.serveOn(server)
    if (isEarly) files.close()
    await serving
    files.close()
    copyFileSync(renewed.certFile, mounted.certFile)
    copyFileSync(renewed.keyFile, mounted.keyFile)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS * 4))
    assert.equal(shown.length, 1)
    assert.deepEqual(said, [])
  }
})
