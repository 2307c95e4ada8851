// What the two ends of an actor's control channel agree on. Types only; imported by both ends.
//
//   host thread                          actor thread
//   spawnActor()  -- workerData -------> runActor()      one MessagePort and the actor's own data
//   call()        -- Comlink ----------> invoke()        answered with a reply, never with a throw
import type { MessagePort } from 'node:worker_threads'
import type { ErrorEnvelope } from './error-envelope.js'

/** The `workerData` of an actor. */
export interface ActorBoot {
  readonly actorPort: MessagePort
  readonly data: unknown
}

/** The answer to one call. Failures are values, because Comlink's own way of throwing loses `code`. */
export type ActorReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: ErrorEnvelope }

/** All that an actor exposes; its own methods are reached by name, so that nothing else of it can be. */
export interface ActorEndpoint {
  /** Answers once the actor's set-up is done, with the error that ended it if it failed. */
  ready(): Promise<ActorReply>
  invoke(method: string, ...args: unknown[]): Promise<ActorReply>
}

/** An actor's interface: methods only. Arguments and results must be structured-cloneable. */
export type ActorMethods<Api> = { readonly [Key in keyof Api]: (...args: never[]) => unknown }
