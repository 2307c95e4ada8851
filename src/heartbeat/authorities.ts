// Whom TLS trusts where nobody is named: what Node.js trusts, and what this system does. Node.js has a list of its own and does not
// look at the system's, where a company's authority is. Heartbeat actor's thread.
import { readFileSync } from 'node:fs'
import { rootCertificates } from 'node:tls'

/** Where Linux distributions keep theirs in one file: Debian and Alpine, Fedora, openSUSE, RHEL; the last is Alpine's and macOS's. */
const BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
]

/** PEM; undefined where the system has none of its own, so that what Node.js trusts by itself is all there is. */
export function systemAuthorities(environment: NodeJS.ProcessEnv): Buffer | undefined {
  const { SSL_CERT_FILE, NODE_EXTRA_CA_CERTS } = environment
  const system = SSL_CERT_FILE ? tryRead(SSL_CERT_FILE) : firstOf(BUNDLES)
  if (system === undefined) return undefined
  // A list of one's own takes the place of what Node.js trusts.
  const extra = NODE_EXTRA_CA_CERTS ? tryRead(NODE_EXTRA_CA_CERTS) : undefined
  return Buffer.from([...rootCertificates, extra ?? '', system].join('\n'))
}

function firstOf(files: readonly string[]): string | undefined {
  for (const file of files) {
    const text = tryRead(file)
    if (text !== undefined) return text
  }
  return undefined
}

function tryRead(file: string): string | undefined {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    // The next one will do, or none.
    return undefined
  }
}
