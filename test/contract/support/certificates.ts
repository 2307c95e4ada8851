// Certificates for tests, made by the openssl command, in a folder that goes away with the test.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsFiles } from '../../../src/probe/listener.js'

/** Why there are no certificates, where there is no openssl; for the `skip` of a test. */
export const noOpenssl = hasOpenssl() ? false : 'needs the openssl command'

function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** A folder of its own, removed by `after`. */
export function temporaryFolder(after: (remove: () => void) => void): string {
  const folder = mkdtempSync(join(tmpdir(), 'health-actor-'))
  after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes a self-signed certificate in `name` and its key into `folder`. */
export function makeCertificate(folder: string, name: string): TlsFiles {
  const certFile = join(folder, 'tls.crt')
  const keyFile = join(folder, 'tls.key')
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
  ]
  const files = ['-keyout', keyFile, '-out', certFile, '-days', '2', '-subj', `/CN=${name}`]
  execFileSync('openssl', [...kind, ...files], { stdio: 'ignore' })
  return { certFile, keyFile }
}
