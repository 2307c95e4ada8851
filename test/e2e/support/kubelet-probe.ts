// One probe as a kubelet sends it: a connection of its own, which it asks to close, and one second for all of it.
import { connect } from 'node:net'

export type ProbePath = '/healthz' | '/readyz'

export interface Probe {
  readonly path: ProbePath
  readonly startedAt: number
  readonly endedAt: number
  /** Undefined where there was no whole answer in time. */
  readonly answer: { readonly code: number; readonly body: string } | undefined
  /** Why there was none. */
  readonly why: string
}

/** A kubelet's default. It covers the connection, the headers and the body. */
const TIMEOUT_MS = 1_000

/** Resolves when the other side has closed, or the time is over. Never rejects. */
export function sendKubeletProbe(port: number, path: ProbePath): Promise<Probe> {
  return new Promise((resolve) => {
    const startedAt = performance.now()
    const chunks: Buffer[] = []
    const socket = connect(port, '127.0.0.1')
    const end = (why: string) => {
      clearTimeout(timer)
      socket.destroy()
      const answer = why === '' ? parse(Buffer.concat(chunks)) : undefined
      const missing =
        why === '' && answer === undefined ? `cut short: ${Buffer.concat(chunks)}` : why
      resolve({ path, startedAt, endedAt: performance.now(), answer, why: missing })
    }
    const timer = setTimeout(() => end(`no answer in ${TIMEOUT_MS} ms`), TIMEOUT_MS)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.once('end', () => end(''))
    socket.once('error', (error) => end(String(error)))
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUser-Agent: kube-probe/1.34\r\n` +
        'Accept: */*\r\nConnection: close\r\n\r\n',
    )
  })
}

/** The answer, if it is whole: as many bytes of body as it announces, and no more. */
function parse(bytes: Buffer): Probe['answer'] {
  const headEnd = bytes.indexOf('\r\n\r\n')
  const head = bytes.subarray(0, headEnd).toString('latin1')
  const code = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  const body = bytes.subarray(headEnd + 4)
  if (headEnd === -1 || code === undefined || body.length !== Number(length)) return undefined
  return { code: Number(code), body: body.toString() }
}
