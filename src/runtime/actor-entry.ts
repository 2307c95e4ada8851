// The actor's own end of its control channel. Called once, by a worker entry, in the actor's thread.
import { isMainThread, workerData } from 'node:worker_threads'
import { expose } from 'comlink'
import nodeEndpoint from 'comlink/dist/esm/node-adapter.mjs'
import type { ActorBoot, ActorEndpoint, ActorMethods, ActorReply } from './actor-protocol.js'
import { toEnvelope } from './error-envelope.js'

/**
 * Sets the actor up and answers its host's calls from then on. The listening port keeps the thread alive, as a
 * pending `Atomics.waitAsync` would not (nodejs/node#61941).
 *
 * What `setup` throws reaches the host with its `code`, which then ends the thread. A method may be async; its
 * answer must be on its way before the method that ends the thread does so.
 */
export function runActor<Api extends ActorMethods<Api>>(
  setup: (data: unknown) => Api | Promise<Api>,
): void {
  if (isMainThread) throw new Error('an actor entry is not a program: it runs in a worker thread')
  const { actorPort, data } = workerData as ActorBoot
  const api = Promise.resolve(data).then(setup)
  // A set-up that fails before the host asks is still to be told to it, not to crash the thread.
  api.catch(() => {})
  const endpoint: ActorEndpoint = {
    ready: () => reply(api.then(() => undefined)),
    invoke: (method, ...args) => reply(api.then((it) => invoke<Api>(it, method, args))),
  }
  expose(endpoint, nodeEndpoint(actorPort))
}

function invoke<Api extends ActorMethods<Api>>(api: Api, name: string, args: unknown[]): unknown {
  // The one place where a name becomes a method; the host's call() has checked both against the same interface.
  const method: unknown = Reflect.get(api as object, name)
  if (typeof method !== 'function') throw new Error(`the actor has no such method: method=${name}`)
  return Reflect.apply(method, api, args)
}

async function reply(outcome: Promise<unknown>): Promise<ActorReply> {
  try {
    return { ok: true, value: await outcome }
  } catch (error) {
    return { ok: false, error: toEnvelope(error) }
  }
}
