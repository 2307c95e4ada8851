// What tests of limits do with their clients.
import type { TestContext } from 'node:test'
import type { ListenerLimits } from '../../../src/probe/listener.js'
import type { RawConnection } from '../raw-connection.js'
import type { Echo } from './echo.js'

/** Starts a listener for one test, on an echo; its limits are patient but for those given. */
export type Listen = (
  t: TestContext,
  limits: Partial<ListenerLimits>,
  echo?: Pick<Echo, 'handler'>,
) => Promise<{ open(): Promise<RawConnection>; stop(): Promise<void> }>

/** Nothing is late in a test that does not wait for it. */
export const PATIENT: ListenerLimits = {
  maxConnections: 100,
  headersTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
}
export const SHORT_MS = 200

/** A GET, and its body. */
export async function exchange(connection: RawConnection, path: string): Promise<string> {
  connection.request('GET', path)
  return (await connection.receive()).body
}

/** Sends a piece of a header again and again, until the other side has had enough. */
export async function drip(connection: RawConnection, piece: string): Promise<string> {
  const timer = setInterval(() => connection.send(piece), SHORT_MS / 8)
  try {
    return await connection.ended()
  } finally {
    clearInterval(timer)
  }
}
