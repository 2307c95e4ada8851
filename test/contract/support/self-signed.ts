// A self-signed certificate, good for `localhost`, made anew for each test, so that none lies in the repository and none runs out.
import { createHash, generateKeyPairSync, randomInt, sign } from 'node:crypto'

export interface Certificate {
  readonly cert: string
  readonly key: string
  /** SHA-256 of the certificate, as `PeerCertificate.fingerprint256` has it. */
  readonly fingerprint: string
}

const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
const COMMON_NAME = [0x55, 0x04, 0x03]
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11]

/** `name` is what the certificate calls itself. */
export function createCertificate(name = 'localhost'): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256))
  const names = sequence(der(0x31, sequence(objectId(COMMON_NAME), der(0x0c, Buffer.from(name)))))
  const altNames = sequence(
    der(0x82, Buffer.from('localhost')),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  )
  const extensions = sequence(sequence(objectId(SUBJECT_ALT_NAME), der(0x04, altNames)))
  const body = sequence(
    der(0xa0, integer(2)),
    // Never so small that its first byte would be padding, which the engine refuses.
    integer(randomInt(2 ** 30, 2 ** 31)),
    algorithm,
    names,
    sequence(utcTime(-1), utcTime(1)),
    names,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  )
  const signature = sign('sha256', body, privateKey)
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([zero, signature])))
  const base64 = certificate.toString('base64').replace(/.{64}/g, '$&\n')
  const hash = createHash('sha256').update(certificate).digest('hex').toUpperCase()
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    fingerprint: hash.match(/../g)!.join(':'),
  }
}

const zero = Buffer.from([0])

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  const { length } = content
  const lengthBytes =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...lengthBytes]), content])
}

function sequence(...contents: readonly Uint8Array[]): Buffer {
  return der(0x30, ...contents)
}

function objectId(bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes))
}

function integer(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return der(0x02, bytes.subarray(value < 0x80 ? 3 : 0))
}

function utcTime(daysFromNow: number): Buffer {
  const time = new Date(Date.now() + daysFromNow * 86_400_000).toISOString()
  return der(0x17, Buffer.from(`${time.slice(2, 19).replace(/[-T:]/g, '')}Z`))
}
