// The part of uWebSockets.js that is used, and how it is loaded. Its own types are there only where the optional
// package is.

export interface UwsRequest {
  getCaseSensitiveMethod(): string
  getUrl(): string
  getQuery(): string | undefined
  getHeader(lowerCaseName: string): string
}

/** A socket as JavaScript holds it. Danger: one whose socket is gone, and that does not know it, is a wild pointer. */
export interface UwsResponse {
  writeStatus(status: string): UwsResponse
  writeHeader(name: string, value: string): UwsResponse
  /** Writes what the system takes at once. With the last byte, the object is done with. */
  tryEnd(chunk: Uint8Array | string, totalBytes: number): [ok: boolean, isDone: boolean]
  /** Writes a chunk of a body without a length. What the system does not take is held; false where something is. */
  write(chunk: Uint8Array): boolean
  /** Ends such a body. Or writes a short one whole, says `Connection: close`, and closes when all has gone to the system. */
  end(body?: Uint8Array, closeConnection?: boolean): UwsResponse
  endWithoutBody(): unknown
  getWriteOffset(): number
  onWritable(handler: (offset: number) => boolean): UwsResponse
  onAborted(handler: () => void): UwsResponse
  onData(handler: (chunk: ArrayBuffer, isLast: boolean) => void): UwsResponse
  close(): unknown
  cork(write: () => void): UwsResponse
  getRemoteAddressAsText(): ArrayBuffer
}

export interface UwsApp {
  any(pattern: string, handler: (response: UwsResponse, request: UwsRequest) => void): UwsApp
  /** Told of each connection: 1 when it is opened, -1 when it is closed. */
  filter(handler: (response: UwsResponse, count: number) => void): UwsApp
  listen(host: string, port: number, options: number, callback: (socket: unknown) => void): UwsApp
  close(): UwsApp
}

export interface Uws {
  App(): UwsApp
  us_socket_local_port(socket: unknown): number
  us_listen_socket_close(socket: unknown): void
  readonly LIBUS_LISTEN_EXCLUSIVE_PORT: number
}

/** Loads uWebSockets.js, a user's own by normal resolution. Rejects where it is missing or not made for this platform. */
export async function loadUws(): Promise<Uws> {
  // In a variable, so that the package need not be there to compile or bundle this file.
  const packageName = 'uWebSockets.js'
  const loaded: { default: Uws } = await import(packageName)
  return loaded.default
}
