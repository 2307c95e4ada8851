// Answers without an end over node:http. Probe actor's thread.
import type { ServerResponse } from 'node:http'
import type { StreamSink, StreamSource } from './listener.js'

/** Begins a stream on a response whose head is set; it ends with its connection, as over uWebSockets.js. */
export function streamOverNode(
  response: ServerResponse,
  stream: (sink: StreamSink) => StreamSource,
): void {
  response.flushHeaders()
  const source = stream({
    write: (chunk) => response.writable && !response.destroyed && response.write(chunk),
    end: () => response.end(),
    abort: () => response.destroy(),
  })
  response.on('drain', () => source.drained())
  response.once('close', () => source.closed())
}
