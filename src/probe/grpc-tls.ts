// TLS for the gRPC port: HTTP/2 by ALPN, with a certificate that is read again when its files change. Probe actor's thread.
import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { TlsFiles } from './listener.js'

/** How often the files are looked at, in ms. By their times: a Secret that Kubernetes swaps gives no other sign. */
const LOOK_INTERVAL_MS = 1_000

export interface GrpcTlsServer {
  readonly server: Server
  /** Looks at the files no more. */
  unwatch(): void
}

/** @throws the system's error where a file cannot be read, or the engine's where they are no pair. */
export function createTlsServer(
  files: TlsFiles,
  handshakeTimeoutMs: number,
  onConnection: (socket: TLSSocket) => void,
): GrpcTlsServer {
  const server = createServer(
    { ...readPair(files), ALPNProtocols: ['h2'], handshakeTimeout: handshakeTimeoutMs },
    onConnection,
  )
  const reload = () => {
    try {
      server.setSecureContext(readPair(files))
    } catch {
      // Half of a pair has been replaced; the other half is another change. Until then the old pair serves on.
    }
  }
  const paths = [files.certFile, files.keyFile]
  for (const path of paths) {
    watchFile(path, { persistent: false, interval: LOOK_INTERVAL_MS }, reload)
  }
  return {
    server,
    unwatch() {
      for (const path of paths) unwatchFile(path, reload)
    },
  }
}

function readPair({ certFile, keyFile }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
}
