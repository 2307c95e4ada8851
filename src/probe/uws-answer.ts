// Writes answers over uWebSockets.js. Probe actor's thread.
import { COMMON_HEADERS, type ProbeAnswer } from './listener.js'
import type { UwsResponse } from './uws.js'
import type { UwsConnection, UwsConnections } from './uws-connections.js'

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
  const closes = hasCloseToken(form.connection)
  writeHead(response, answer, closes)
  if (isHead) {
    connections.write(connection, 0, () => {
      // endWithoutBody(length) leaves the response open in v20.51. An empty chunk of a known total writes the length.
      response.tryEnd('', body.length)
      response.endWithoutBody()
      return true
    })
  } else if (isInDoubt && !isOnConnection(response, connection, body)) {
    response.close()
    return
  } else {
    const rest = isInDoubt ? body.subarray(1) : body
    connections.write(connection, body.length, () => response.tryEnd(rest, body.length)[1])
  }
  if (connection.isGone) return
  if (connection.isAnswering) sendRest(connections, connection, form, body)
  // For this very value uWebSockets.js closes by itself. For a list with `close` in it, it does not.
  else if (closes && form.connection !== 'close') connections.closeSoon(connection)
}

function sendRest(
  connections: UwsConnections,
  connection: UwsConnection,
  { response, connection: connectionHeader }: AnswerForm,
  body: Uint8Array,
): void {
  response.onWritable((offset) => {
    let isOk = false
    connections.write(connection, body.length, () => {
      const [ok, isDone] = response.tryEnd(body.subarray(offset), body.length)
      isOk = ok
      return isDone
    })
    if (!connection.isAnswering && hasCloseToken(connectionHeader))
      connections.closeSoon(connection)
    return isOk
  })
}

/** Writes a first byte and looks where it went. */
function isOnConnection(
  response: UwsResponse,
  connection: UwsConnection,
  body: Uint8Array,
): boolean {
  // The only byte of a body would complete the answer.
  if (body.length < 2) return false
  response.tryEnd(body.subarray(0, 1), body.length)
  return connection.writtenBytes === 1
}

function writeHead(
  response: UwsResponse,
  { status, contentType, headers }: ProbeAnswer,
  closes: boolean,
): void {
  response.writeStatus(STATUS_LINES[status]).writeHeader('Content-Type', contentType)
  for (const [name, value] of COMMON_HEADERS) response.writeHeader(name, value)
  if (headers !== undefined) for (const [name, value] of headers) response.writeHeader(name, value)
  if (closes) response.writeHeader('Connection', 'close')
}

/** Whether `close` is among the tokens of a Connection header, given in lower case. */
function hasCloseToken(connection: string): boolean {
  return (
    connection.includes('close') && connection.split(',').some((token) => token.trim() === 'close')
  )
}
