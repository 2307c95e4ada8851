// Which transport answers: uWebSockets.js where it loads, node:http where it doesn't. Probe actor's thread.
import { HealthError } from '../model/errors.js'
import type { ListenerSettings, ProbeHandler, ProbeListener } from './listener.js'
import { NodeListener } from './node-listener.js'
import { sayOnStandardError } from './say.js'
import { loadUws, UwsListener } from './uws-listener.js'

export type Transport = 'uws' | 'node'
/** `auto` is `uws` where that loads. */
export type TransportChoice = Transport | 'auto'

interface ChosenListener {
  readonly transport: Transport
  readonly listener: ProbeListener
}

/**
 * Makes the listener of a choice; `auto` tells on standard error where it has to fall back. `load` and `say` are
 * passed by tests.
 * @throws HealthError `ERR_HEALTH_LISTEN` where `uws` was asked for and cannot be loaded.
 */
export async function chooseListener(
  choice: TransportChoice,
  handler: ProbeHandler,
  settings: ListenerSettings,
  load = loadUws,
  say = sayOnStandardError,
): Promise<ChosenListener> {
  if (choice === 'node') {
    return { transport: 'node', listener: new NodeListener(handler, settings) }
  }
  try {
    return { transport: 'uws', listener: new UwsListener(await load(), handler, settings) }
  } catch (error) {
    const why = firstLine(error)
    if (choice === 'uws') {
      throw new HealthError(
        'ERR_HEALTH_LISTEN',
        `transport=uws: uWebSockets.js cannot be loaded: ${why}`,
        { cause: error },
      )
    }
    say(`health-actor: probes are answered by node:http, uWebSockets.js cannot be loaded: ${why}\n`)
    return { transport: 'node', listener: new NodeListener(handler, settings) }
  }
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0]!
}
