// The node:http2 server inside a server of grpc-js, which grpc-js 1.14 hands out to nobody: it bounds neither how many streams
// are open in all, nor how long a client may take with its request, nor the size of its headers. To be dropped with a version
// that does, or that takes sessions from outside. gRPC actor's thread.
import type { Http2Server, IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2'
import type { Server as GrpcServer } from '@grpc/grpc-js'

/** What grpc-js does with a stream of its server: the stream, its headers, and the flags of their frame. */
export type ServeStream = (
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  flags: number,
) => void

/**
 * Puts `admit` before grpc-js: it is handed each new stream, with what serves it. False where this grpc-js is built otherwise,
 * and all is left as it was. To be called once a connection injector was made.
 */
export function interposeStreams(
  server: GrpcServer,
  settings: { readonly maxHeaderListSize: number },
  admit: (serve: ServeStream) => ServeStream,
): boolean {
  const servers: unknown = Reflect.get(server, 'http2Servers')
  if (!(servers instanceof Map) || servers.size !== 1) return false
  const [http2] = servers.keys() as Iterable<Partial<Http2Server>>
  if (typeof http2?.updateSettings !== 'function' || typeof http2.listeners !== 'function') {
    return false
  }
  return interpose(http2 as Http2Server, settings, admit)
}

function interpose(
  http2: Http2Server,
  settings: { readonly maxHeaderListSize: number },
  admit: (serve: ServeStream) => ServeStream,
): boolean {
  const [serve, ...others] = http2.listeners('stream')
  if (serve === undefined || others.length > 0) return false
  http2.updateSettings(settings)
  http2.removeAllListeners('stream')
  http2.on('stream', admit(serve as ServeStream))
  return true
}
