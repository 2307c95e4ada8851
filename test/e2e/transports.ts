// The transports that load here. Where uWebSockets.js does not, its contract test says so.
import assert from 'node:assert/strict'
import type { Transport } from '../../src/probe/choose-listener.js'
import { loadUws } from '../../src/probe/uws-listener.js'

const canLoadUws = await loadUws().then(
  () => true,
  () => false,
)

export const transports: readonly Transport[] = canLoadUws ? ['uws', 'node'] : ['node']

/** One line, to the end of it: a second one would be left. */
const FALLBACK_NOTICE =
  /^health-actor: probes are answered by node:http, uWebSockets\.js cannot be loaded: .*\n/

/**
 * What a program whose server has chosen its transport by itself wrote to standard error, without what is due there
 * where it had to fall back.
 */
export function withoutFallbackNotice(stderr: string): string {
  if (canLoadUws) return stderr
  assert.match(stderr, FALLBACK_NOTICE)
  return stderr.replace(FALLBACK_NOTICE, '')
}
