// Certificate files for tests, in a folder that goes away with the test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsFiles } from '../../../src/probe/listener.js'
import { type Certificate, createCertificate } from './self-signed.js'

/** A folder of its own, removed by `after`. */
export function temporaryFolder(after: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'health-actor-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function writeCertificate(folder: string, { cert, key }: Certificate): TlsFiles {
  const files = { certFile: join(folder, 'tls.crt'), keyFile: join(folder, 'tls.key') }
  writeFileSync(files.certFile, cert)
  writeFileSync(files.keyFile, key)
  return files
}

/** Writes a self-signed certificate in `name` and its key into `folder`. */
export function makeCertificate(folder: string, name: string): TlsFiles {
  return writeCertificate(folder, createCertificate(name))
}
