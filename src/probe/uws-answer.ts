// Writes answers over uWebSockets.js. Probe actor's thread.
import { COMMON_HEADERS, type ProbeAnswer } from './listener.js'
import type { UwsResponse } from './uws.js'
import type { UwsConnection } from './uws-connection.js'
import type { UwsConnections } from './uws-connections.js'
import { streamOverUws } from './uws-stream.js'

const STATUS_LINES = {
  200: '200 OK',
  400: '400 Bad Request',
  401: '401 Unauthorized',
  404: '404 Not Found',
  405: '405 Method Not Allowed',
  503: '503 Service Unavailable',
} as const

/** What of a request matters for how it is answered. */
export interface AnswerForm {
  readonly response: UwsResponse
  readonly isHead: boolean
  /** Whether the connection has to be proved; see rule 5 of uws-connections.ts. */
  readonly isInDoubt: boolean
  /** The Connection header, in lower case. */
  readonly connection: string
}

/** What is larger does not fit the buffer that uWebSockets.js fills before it writes, headers included. */
const MAX_BUFFERED_BYTES = 8 * 1024

/**
 * Whether the connection may be closed while the answer is written. uWebSockets.js does so for a header of five bytes,
 * whatever they say, and how many there were cannot be told for sure from what it hands out.
 */
export function mayCloseInWrite({ connection }: AnswerForm, { body }: ProbeAnswer): boolean {
  return connection !== '' && body.length > MAX_BUFFERED_BYTES
}

/** Whether a first byte can be written alone and at once; see isOnConnection. */
export function canProveConnection(form: AnswerForm, answer: ProbeAnswer): boolean {
  return answer.body.length > 1 && !mayCloseInWrite(form, answer)
}

/**
 * Writes an answer whose connection is known. `tryEnd` writes what the system takes and keeps the rest to the caller,
 * so that a client that does not read costs the body that all share, and not a copy of its own; and one that asks for
 * more meanwhile is closed by uWebSockets.js.
 */
export function sendOverUws(
  connections: UwsConnections,
  connection: UwsConnection,
  form: AnswerForm,
  answer: ProbeAnswer,
): void {
  const { response, isHead, isInDoubt } = form
  const { body } = answer
  if (answer.stream !== undefined && !isHead) {
    writeHead(response, answer, true)
    streamOverUws(connections, connection, response, answer.stream)
    return
  }
  const isLast = closes(form) || answer.isLast === true || answer.stream !== undefined
  // For this very value uWebSockets.js closes by itself, when all has gone to the system. For a list with `close` in it,
  // it does not.
  const isOursToClose = isLast && form.connection !== 'close'
  if (isOursToClose && !isHead && !isInDoubt && body.length <= MAX_BUFFERED_BYTES) {
    writeHead(response, answer, false)
    connections.write(connection, body.length, () => {
      // Says `Connection: close`, and closes as for that value.
      response.end(body, true)
      return true
    })
    return
  }
  writeHead(response, answer, isLast)
  if (isHead) {
    connections.write(connection, 0, () => {
      // endWithoutBody(length) leaves the response open in v20.51. An empty chunk of a known total writes the length.
      if (answer.stream === undefined) response.tryEnd('', body.length)
      response.endWithoutBody()
      return true
    })
  } else if (isInDoubt && !isOnConnection(response, connection, body)) {
    // Of another connection, or of this one and its client reads nothing. It counts as idle, and is closed as late;
    // its offset may be 0 until then.
    if (!connection.isWatched) connection.hasSentBody = false
    return
  } else {
    const rest = isInDoubt ? body.subarray(1) : body
    connections.write(connection, body.length, () => response.tryEnd(rest, body.length)[1])
  }
  if (connection.isGone) return
  if (connection.isAnswering) sendRest(connections, connection, form, body, isOursToClose)
  else if (isOursToClose) connections.closeSoon(connection)
}

/** What of a body may go unsent at first: it goes on as the client takes it. */
function sendRest(
  connections: UwsConnections,
  connection: UwsConnection,
  { response }: AnswerForm,
  body: Uint8Array,
  isOursToClose: boolean,
): void {
  const write = () => {
    // It may have become writable twice.
    if (connection.isGone || !connection.isAnswering) return
    const rest = body.subarray(response.getWriteOffset())
    response.cork(() => {
      connections.write(connection, body.length, () => response.tryEnd(rest, body.length)[1])
    })
    if (!connection.isAnswering && isOursToClose) connections.closeSoon(connection)
  }
  response.onWritable(() => {
    setImmediate(write)
    return true
  })
}

/** Writes a first byte and looks where it went. */
function isOnConnection(
  response: UwsResponse,
  connection: UwsConnection,
  body: Uint8Array,
): boolean {
  // Left by its last answer, a single byte would prove nothing.
  if (connection.writtenBytes === 1) return false
  response.tryEnd(body.subarray(0, 1), body.length)
  return connection.writtenBytes === 1
}

function writeHead(
  response: UwsResponse,
  { status, contentType, headers }: ProbeAnswer,
  isLast: boolean,
): void {
  response.writeStatus(STATUS_LINES[status]).writeHeader('Content-Type', contentType)
  for (const [name, value] of COMMON_HEADERS) response.writeHeader(name, value)
  if (headers !== undefined) for (const [name, value] of headers) response.writeHeader(name, value)
  if (isLast) response.writeHeader('Connection', 'close')
}

/** Whether `close` is among the tokens of the Connection header. */
function closes({ connection }: AnswerForm): boolean {
  return (
    connection.includes('close') && connection.split(',').some((token) => token.trim() === 'close')
  )
}
