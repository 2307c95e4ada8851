import assert from 'node:assert/strict'
import { copyFileSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { type Certificate, CertificateFiles } from '../../src/probe/certificate-files.js'
import { makeCertificate, noOpenssl, temporaryFolder } from '../contract/support/certificates.js'

const POLL_MS = 5

function watched(t: TestContext) {
  const mounted = makeCertificate(
    temporaryFolder((remove) => t.after(remove)),
    'mounted',
  )
  const renewed = makeCertificate(
    temporaryFolder((remove) => t.after(remove)),
    'renewed',
  )
  const said: string[] = []
  let onSaid = () => {}
  const files = new CertificateFiles(
    mounted,
    (text) => {
      said.push(text)
      onSaid()
    },
    POLL_MS,
  )
  t.after(() => files.close())
  // Its own timer keeps nothing alive.
  const alive = setInterval(() => {}, 1_000)
  t.after(() => clearInterval(alive))
  const nextSaid = () =>
    new Promise<void>((resolve) => {
      onSaid = resolve
    })
  return { mounted, renewed, files, said, nextSaid }
}

test('keeps the old pair while the new one is half there, and says so once', {
  skip: noOpenssl,
}, async (t) => {
  const { mounted, renewed, files, said, nextSaid } = watched(t)
  await files.read()
  const changes: Certificate[] = []
  const changed = new Promise<void>((resolve) =>
    files.watch((certificate) => {
      changes.push(certificate)
      resolve()
    }),
  )
  const complained = nextSaid()
  copyFileSync(renewed.certFile, mounted.certFile)
  await complained
  assert.match(said[0]!, /^health-actor: the certificate is not renewed: .*certFile=.*keyFile=/)
  // Half written, which is another fault of the same renewal.
  writeFileSync(mounted.keyFile, '-----BEGIN PRIVATE KEY-----\n')
  await new Promise((resolve) => setTimeout(resolve, POLL_MS * 4))
  copyFileSync(renewed.keyFile, mounted.keyFile)
  await changed
  assert.equal(said.length, 1)
  assert.equal(changes.length, 1)
  assert.match(changes[0]!.cert.toString(), /BEGIN CERTIFICATE/)
})

test('says it again of another renewal', { skip: noOpenssl }, async (t) => {
  const { mounted, renewed, files, said, nextSaid } = watched(t)
  const { cert } = await files.read()
  let onChange = () => {}
  files.watch(() => onChange())
  for (let renewal = 1; renewal <= 2; renewal++) {
    const complained = nextSaid()
    copyFileSync(renewed.certFile, mounted.certFile)
    await complained
    assert.equal(said.length, renewal)
    const changed = new Promise<void>((resolve) => {
      onChange = resolve
    })
    writeFileSync(mounted.certFile, cert)
    await changed
  }
})

test('tells nothing after it was closed', { skip: noOpenssl }, async (t) => {
  const { mounted, renewed, files, said } = watched(t)
  await files.read()
  files.watch(() => assert.fail('was told'))
  files.close()
  copyFileSync(renewed.certFile, mounted.certFile)
  copyFileSync(renewed.keyFile, mounted.keyFile)
  await new Promise((resolve) => setTimeout(resolve, POLL_MS * 4))
  assert.deepEqual(said, [])
})
