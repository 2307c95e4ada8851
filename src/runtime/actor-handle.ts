// A thread that runs one actor, seen from the thread that started it: Comlink with a deadline and an end.
//
// Bare Comlink never settles a call whose thread has died (comlink#601). Here every call has a deadline and all
// pending ones are rejected when the actor ends. Used by the supervisor, HealthServer and HeartbeatReporter, each
// handle by the thread that spawned it. This is the only file that creates threads, but for the pool in
// src/observe/observer-thread.ts.
import { MessageChannel, type MessagePort, type ResourceLimits, Worker } from 'node:worker_threads'
import { type Remote, wrap } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import { HealthError } from '../model/errors.js'
import type { ActorBoot, ActorEndpoint, ActorMethods, ActorReply } from './actor-protocol.js'
import { fromEnvelope } from './error-envelope.js'

export interface ActorOptions {
  /** What the actor is called in messages and as the thread's name. */
  readonly name: string
  /** The module to run, which calls `runActor`; see {@link actorEntryUrl}. */
  readonly entry: URL
  /** Handed to the actor's set-up. Structured-cloneable. */
  readonly data: unknown
  /** Ports in `data`, which go over to the actor. */
  readonly ports?: readonly MessagePort[]
  /** Limits of the thread's engine; see `resourceLimits` of Node's Worker. */
  readonly resourceLimits?: ResourceLimits
  /** How long the thread may take to start and set itself up, in ms. Default 10,000. */
  readonly readyDeadlineMs?: number
}

/** How an actor ended. `error` is what it died of, if it did not catch it. */
export interface ActorExit {
  readonly code: number
  readonly error?: Error
}

/** What is told to whoever waits for an actor that has ended. */
export function endedError(name: string, { code, error }: ActorExit): HealthError {
  const why = error === undefined ? '' : `: ${error.message}`
  return new HealthError(
    'ERR_HEALTH_UNAVAILABLE',
    `the ${name} actor has ended: exitCode=${code}${why}`,
    error && { cause: error },
  )
}

/** The entry of one of this package's own actors. Bundlers that move the entries pass where they put them. */
export function actorEntryUrl(fileName: string, workerBaseUrl?: string | URL): URL {
  // dist/ mirrors the source tree, so this one relative URL serves every layout that was not bundled.
  return new URL(fileName, workerBaseUrl ?? new URL('../../workers/', import.meta.url))
}

/**
 * Starts an actor; resolves when it says that it is ready.
 * @throws HealthError `ERR_HEALTH_UNAVAILABLE` when it is not ready in time or ends first; what its set-up threw.
 */
export async function spawnActor<Api extends ActorMethods<Api>>(
  options: ActorOptions,
): Promise<ActorHandle<Api>> {
  const handle = new ActorHandle<Api>(options)
  try {
    await handle.ready(options.readyDeadlineMs ?? 10_000)
  } catch (error) {
    await handle.terminate()
    throw error
  }
  return handle
}

/** A copy, as a Worker gets by default; the same but for the flags that Node.js would read from it. */
function environmentWithoutFlags(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _, ...environment } = process.env
  return environment
}

export class ActorHandle<Api extends ActorMethods<Api>> {
  readonly name: string
  /** `threadId` of the actor's thread. */
  readonly threadId: number
  /** Resolves when the thread has ended, for whatever reason. Never rejects. */
  readonly exited: Promise<ActorExit>
  readonly #worker: Worker
  readonly #port: MessagePort
  // Held for the handle's life: Comlink takes the endpoint down when the last proxy is garbage-collected.
  readonly #remote: Remote<ActorEndpoint>
  readonly #rejectors = new Set<(error: Error) => void>()
  #end: HealthError | undefined

  /** Prefer {@link spawnActor}, which waits until the actor is ready. */
  constructor({ name, entry, data, ports = [], resourceLimits }: ActorOptions) {
    this.name = name
    const { port1, port2 } = new MessageChannel()
    const workerData: ActorBoot = { actorPort: port2, data }
    this.#port = port1
    this.#worker = new Worker(entry, {
      name,
      workerData,
      transferList: [port2, ...ports],
      // Without the host's own flags, also those of its environment: its preloads are not meant for us, and one that
      // starts a runtime would do so again in every actor.
      execArgv: [],
      env: environmentWithoutFlags(),
      ...(resourceLimits && { resourceLimits }),
    })
    this.threadId = this.#worker.threadId
    this.exited = this.#watch()
    this.#remote = wrap<ActorEndpoint>(nodeEndpoint(port1))
    // The thread alone holds the process, until its exit was seen. The port would let go before that; it was
    // taken hold of by the listener that Comlink has just added.
    port1.unref()
  }

  /** Whether the thread is still there. */
  get isAlive(): boolean {
    return this.#end === undefined
  }

  /**
   * Calls a method of the actor.
   * @throws what the method threw, with its `code`; HealthError `ERR_HEALTH_UNAVAILABLE` after `deadlineMs`, or as
   * soon as the actor has ended. A pending call keeps the process alive for `deadlineMs` at most.
   */
  call<Method extends keyof Api & string>(
    method: Method,
    deadlineMs: number,
    ...args: Parameters<Api[Method]>
  ): Promise<Awaited<ReturnType<Api[Method]>>> {
    // The actor's implementation is checked against the same interface on its own side.
    return this.#settle(method, deadlineMs, () => this.#remote.invoke(method, ...args)) as Promise<
      Awaited<ReturnType<Api[Method]>>
    >
  }

  /** Waits until the actor's set-up is done. {@link spawnActor} has done so. */
  async ready(deadlineMs: number): Promise<void> {
    await this.#settle('ready', deadlineMs, () => this.#remote.ready())
  }

  /** Lets the process end although the actor runs; nobody then waits for {@link exited}. */
  unref(): void {
    this.#worker.unref()
  }

  /** Keeps the process alive while the actor runs: the state that an actor starts in. */
  ref(): void {
    this.#worker.ref()
  }

  /** Ends the thread wherever it is: the last resort, for nothing of its own clean-up runs. Idempotent. */
  async terminate(): Promise<void> {
    await this.#worker.terminate()
    await this.exited
  }

  #watch(): Promise<ActorExit> {
    return new Promise((resolve) => {
      let uncaught: Error | undefined
      this.#worker.on('error', (error) => {
        uncaught = error
      })
      this.#worker.on('exit', (code) => {
        const exit: ActorExit = uncaught === undefined ? { code } : { code, error: uncaught }
        this.#end = endedError(this.name, exit)
        this.#port.close()
        for (const reject of this.#rejectors) reject(this.#end)
        resolve(exit)
      })
    })
  }

  #settle(
    method: string,
    deadlineMs: number,
    send: () => PromiseLike<ActorReply>,
  ): Promise<unknown> {
    if (this.#end !== undefined) return Promise.reject(this.#end)
    return new Promise((resolve, reject) => {
      const finish = () => {
        clearTimeout(timer)
        this.#rejectors.delete(fail)
      }
      const fail = (error: unknown) => {
        finish()
        reject(error)
      }
      const timer = setTimeout(
        () =>
          fail(
            new HealthError(
              'ERR_HEALTH_UNAVAILABLE',
              `the ${this.name} actor did not answer in time: method=${method} deadlineMs=${deadlineMs}`,
            ),
          ),
        deadlineMs,
      )
      this.#rejectors.add(fail)
      send().then((reply) => {
        finish()
        if (reply.ok) resolve(reply.value)
        else reject(fromEnvelope(reply.error))
      }, fail)
    })
  }
}
