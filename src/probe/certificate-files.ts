// The certificate and key of HTTPS and of gRPC over TLS, from files that somebody else renews. Probe actor's thread.
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { HealthError } from '../model/errors.js'
import type { TlsFiles } from './listener.js'
import { sayOnStandardError } from './say.js'

/** PEM, as `setSecureContext` takes it. */
export interface Certificate {
  readonly cert: Buffer
  readonly key: Buffer
}

/** What shows it to its clients: a `tls.Server`, and what is built on one. */
export interface CertificateHolder {
  setSecureContext(certificate: Certificate): void
}

/**
 * Looked at by name, since a mounted secret is renewed by swapping a link somewhere above the file: who watches the
 * file itself goes on watching the old one.
 */
const POLL_MS = 1_000

export class CertificateFiles {
  readonly #files: TlsFiles
  readonly #say: (text: string) => void
  readonly #pollMs: number
  /** What the files were like when they were last read and were good. */
  #stamp = ''
  #hasComplained = false
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  /** `say` and `pollMs` are passed by tests. */
  constructor(files: TlsFiles, say = sayOnStandardError, pollMs = POLL_MS) {
    this.#files = files
    this.#say = say
    this.#pollMs = pollMs
  }

  /**
   * Gives the holder this pair, and each one that replaces it and is good; of one that is not, standard error is told
   * once, and the old one goes on being shown. Keeps no thread alive.
   * @throws HealthError `ERR_HEALTH_LISTEN` naming the file that cannot be read or used; never its content.
   */
  async serveOn(holder: CertificateHolder): Promise<void> {
    holder.setSecureContext(await this.#read())
    this.#lookLater(holder)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #read(): Promise<Certificate> {
    const { certFile, keyFile } = this.#files
    // Before they are read: a change in between is seen as one the next time.
    const stamp = await this.#look()
    const cert = await read('certFile', certFile)
    const key = await read('keyFile', keyFile)
    tryContext(`certFile=${certFile}`, { cert })
    tryContext(`certFile=${certFile} keyFile=${keyFile}`, { cert, key })
    this.#stamp = stamp
    return { cert, key }
  }

  #lookLater(holder: CertificateHolder): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(async () => {
      await this.#renew(holder)
      this.#lookLater(holder)
    }, this.#pollMs).unref()
  }

  async #renew(holder: CertificateHolder): Promise<void> {
    if ((await this.#look()) === this.#stamp) return
    try {
      const certificate = await this.#read()
      this.#hasComplained = false
      if (!this.#isClosed) holder.setSecureContext(certificate)
    } catch (error) {
      // Half written, or one of the two is not renewed yet: looked at again until it is good.
      if (this.#hasComplained) return
      this.#hasComplained = true
      this.#say(`health-actor: the certificate is not renewed: ${(error as Error).message}\n`)
    }
  }

  async #look(): Promise<string> {
    const { certFile, keyFile } = this.#files
    return `${await stampOf(certFile)} ${await stampOf(keyFile)}`
  }
}

/** Changes with the file behind the name; a file that is not there has one as well. */
async function stampOf(file: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true })
    return `${dev}:${ino}:${size}:${mtimeNs}:${ctimeNs}`
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code)
  }
}

async function read(name: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file)
  } catch (error) {
    throw certificateError(`${name}=${file}`, error)
  }
}

function tryContext(what: string, certificate: Partial<Certificate>): void {
  try {
    createSecureContext(certificate)
  } catch (error) {
    throw certificateError(what, error)
  }
}

function certificateError(what: string, cause: unknown): HealthError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new HealthError('ERR_HEALTH_LISTEN', `cannot use the certificate: ${what}: ${why}`, {
    cause,
  })
}
