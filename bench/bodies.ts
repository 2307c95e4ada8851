// That all servers answer the same: where one sends less than the others, its figures say nothing beside theirs.
import { check } from './fixtures.js'

export interface Answering {
  readonly name: string
  /** The answer of a server that has one of its own only. */
  readonly ownBody?: string | undefined
  /** What it answers now. */
  body(): Promise<string>
}

export async function fetchBody(port: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}${path}`)).text()
}

/**
 * The first answers as the others are to: byte for byte, but for the newline at the end that not every peer can be told to
 * write. @throws where one answers something else.
 */
export async function checkBodies(servers: readonly Answering[]): Promise<void> {
  let expected: string | undefined
  for (const server of servers) {
    const body = await server.body()
    expected ??= body
    const isExpected =
      server.ownBody === undefined
        ? body === expected || `${body}\n` === expected
        : body === server.ownBody
    check(isExpected, `${server.name} answers another body: ${body.slice(0, 80)}`)
  }
}
