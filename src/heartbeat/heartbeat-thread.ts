// One life of the heartbeat worker, seen from the host. A restart is another HeartbeatThread. Host thread only.
import { MessageChannel, type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { openRegion } from '../memory/region.js'
import { type ActorExit, ActorHandle, actorEntryUrl } from '../runtime/actor-handle.js'
import type { HealthHandle } from '../runtime/health-handle.js'
import type { ThreadLife } from '../runtime/kept-thread.js'
import { abandonMailboxesOf } from '../runtime/mailbox-claims.js'
import type { HeartbeatBoot, HeartbeatControl, HeartbeatEvent } from './heartbeat-actor.js'
import type { LoopStats } from './heartbeat-loop.js'
import type { HeartbeatSettings } from './options.js'
import type { ConnectorHealth } from './wire.js'

/** grpc-js and protobufjs are loaded meanwhile. */
const READY_DEADLINE_MS = 10_000
const STATS_DEADLINE_MS = 5_000
/** Beyond the time of the last heartbeat. */
const STOP_DEADLINE_MS = 2_000
/** Of a call: three attempts, the waits between them, and some patience. */
const CALL_ATTEMPTS = 3
const CALL_PATIENCE_MS = 3_000

export class HeartbeatThread implements ThreadLife {
  readonly #actor: ActorHandle<HeartbeatControl>
  readonly #settings: HeartbeatSettings
  readonly #events: MessagePort
  readonly #onEvent: (event: HeartbeatEvent) => void

  /** Starts the worker, which sends the first heartbeat at once. @throws HealthError `ERR_HEALTH_UNAVAILABLE`, or what its set-up throws. */
  static async start(
    handle: HealthHandle,
    settings: HeartbeatSettings,
    onEvent: (event: HeartbeatEvent) => void,
  ): Promise<HeartbeatThread> {
    const { port1, port2 } = new MessageChannel()
    const data: HeartbeatBoot = { handle, settings, events: port2 }
    const entry = actorEntryUrl(
      'heartbeat.js',
      settings.workerBaseUrl ?? handle.observers.workerBaseUrl,
    )
    const options = { name: 'heartbeat', entry, data, ports: [port2] }
    const actor = new ActorHandle<HeartbeatControl>(options)
    // Also of a thread that attaches and then fails to set itself up: each further try would cost another mailbox.
    void actor.exited.then(() => abandonMailboxesOf(openRegion(handle.region), actor.threadId))
    try {
      await actor.ready(READY_DEADLINE_MS)
      return new HeartbeatThread(actor, settings, port1, onEvent)
    } catch (error) {
      await actor.terminate()
      port1.close()
      throw error
    }
  }

  private constructor(
    actor: ActorHandle<HeartbeatControl>,
    settings: HeartbeatSettings,
    events: MessagePort,
    onEvent: (event: HeartbeatEvent) => void,
  ) {
    this.#actor = actor
    this.#settings = settings
    this.#events = events
    this.#onEvent = onEvent
    events.on('message', onEvent)
    // After the listener, which would take hold of the process again. Reporting is no reason for a program to live on.
    events.unref()
    actor.unref()
    void actor.exited.then(() => events.close())
  }

  /** Resolves when the thread has ended, for whatever reason. */
  get exited(): Promise<ActorExit> {
    return this.#actor.exited
  }

  stats(): Promise<readonly LoopStats[]> {
    return this.#actor.call('stats', STATS_DEADLINE_MS)
  }

  reportConnectorHealth(statuses: readonly ConnectorHealth[]): Promise<void> {
    const deadlineMs = CALL_ATTEMPTS * this.#settings.attemptTimeoutMs + CALL_PATIENCE_MS
    return this.#actor.call('reportConnectorHealth', deadlineMs, statuses)
  }

  /** Has the last heartbeat sent, and ends the thread. Never rejects. */
  async close(): Promise<void> {
    // Nobody else may hold the process until the last heartbeat is out.
    this.#actor.ref()
    try {
      await this.#actor.call('stop', this.#settings.finalTimeoutMs + STOP_DEADLINE_MS)
      this.#takeLastEvents()
    } catch {
      // It hangs, or has died meanwhile: there will be no last heartbeat.
    }
    await this.#actor.terminate()
  }

  /** The answer to the stop may overtake what was told before it, on another port. */
  #takeLastEvents(): void {
    for (;;) {
      const received = receiveMessageOnPort(this.#events)
      if (received === undefined) return
      this.#onEvent(received.message as HeartbeatEvent)
    }
  }
}
