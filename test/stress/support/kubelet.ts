// Probes as a kubelet sends them, byte for byte: a connection of its own for each, and no more of the body than it reads.
import { connect } from 'node:net'

/** What a kubelet reads of a body; for the rest, it resets the connection. */
export const MAX_BODY_BYTES = 10 * 1024

export interface ProbeOutcome {
  readonly code: number
  readonly body: string
  /** Whether there was more to read. */
  readonly isCut: boolean
}

/** A `User-Agent` of the probe's own configuration takes the place of the kubelet's. */
export function probe(
  port: number,
  path: string,
  userAgent = 'kube-probe/1.30',
): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    const request = [
      `GET ${path} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      `User-Agent: ${userAgent}`,
      'Accept: */*',
      'Connection: close',
      '',
      '',
    ]
    socket.write(request.join('\r\n'))
    let received = Buffer.alloc(0)
    let outcome: ProbeOutcome | undefined
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk])
      outcome ??= read(received)
      if (outcome === undefined) return
      if (outcome.isCut) socket.resetAndDestroy()
      else socket.destroy()
    })
    socket.once('error', reject)
    socket.once('close', () => {
      if (outcome !== undefined) resolve(outcome)
      else reject(new Error(`no answer, but ${JSON.stringify(received.toString('latin1'))}`))
    })
  })
}

function read(received: Buffer): ProbeOutcome | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = received.subarray(0, headEnd).toString('latin1')
  const length = Number(/^content-length: *(\d+)$/im.exec(head)?.[1])
  const body = received.subarray(headEnd + 4)
  if (body.length < Math.min(length, MAX_BODY_BYTES)) return undefined
  return {
    code: Number(head.split(' ')[1]),
    body: body.subarray(0, MAX_BODY_BYTES).toString(),
    isCut: length > MAX_BODY_BYTES,
  }
}
