// The three calls of grpc.health.v1.Health, as grpc-js wants them: from its calls to GrpcHealth and WatchHub, and from
// their answers to messages and statuses. Probe actor's thread.
import { fileURLToPath } from 'node:url'
import type {
  ServerUnaryCall,
  ServerWritableStream,
  ServiceDefinition,
  ServiceError,
  sendUnaryData,
  UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { status as Code } from '@grpc/grpc-js'
import { load } from '@grpc/proto-loader'
import { reasonOf, UNREADABLE } from './answers.js'
import type { Asker, AudienceGuard } from './audience.js'
import type { GrpcConnections } from './grpc-connections.js'
import { type GrpcHealth, MAX_LISTED } from './grpc-health.js'
import { ServingStatus, seenTarget } from './grpc-service-names.js'
import type { Watcher } from './grpc-topics.js'
import type { WatchHub } from './grpc-watch.js'
import { isLoopbackAddress } from './listener.js'

/** Messages that wait for a client to read; one that is further behind loses its stream. */
export const MAX_QUEUED = 1_024
/** Streams at once, on all connections. */
export const MAX_WATCHERS = 10_000
/** Streams at once, on one connection. As many resets as node:http2 lets a client send in one go. */
export const MAX_WATCHERS_A_CONNECTION = 1_000

interface HealthCheckRequest {
  readonly service: string
}
interface HealthCheckResponse {
  readonly status: ServingStatus
}
interface HealthListResponse {
  readonly statuses: Readonly<Record<string, HealthCheckResponse>>
}
type WatchCall = ServerWritableStream<HealthCheckRequest, HealthCheckResponse>
/** What every call tells of its client. */
type Caller = Pick<WatchCall, 'getPeer' | 'metadata'>
type Failure = Pick<ServiceError, 'code' | 'details'>

/** From dist/src/probe/ to the package's root, where proto/ is. */
const PROTO_FILE = new URL('../../../proto/grpc/health/v1/health.proto', import.meta.url)

/** @throws the system's error where the file of the protocol is not where this package has it. */
export async function loadHealthService(): Promise<ServiceDefinition> {
  const definitions = await load(fileURLToPath(PROTO_FILE), { defaults: true })
  return definitions['grpc.health.v1.Health'] as ServiceDefinition
}

export function createHealthService(
  health: GrpcHealth,
  hub: WatchHub,
  connections: GrpcConnections,
  audience: AudienceGuard,
): UntypedServiceImplementation {
  return {
    Check(
      call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      respond: sendUnaryData<HealthCheckResponse>,
    ) {
      connections.touch(call.getPeer())
      const isShown = audience.maySee(askerOf(call))
      answer(respond, isShown, () => {
        const status = health.check(seenTarget(call.request.service, isShown))
        // Without the name, which is the client's text.
        return status === ServingStatus.ServiceUnknown
          ? failure(Code.NOT_FOUND, 'unknown service')
          : { status }
      })
    },
    List(
      call: ServerUnaryCall<unknown, HealthListResponse>,
      respond: sendUnaryData<HealthListResponse>,
    ) {
      connections.touch(call.getPeer())
      const isShown = audience.maySee(askerOf(call))
      answer(respond, isShown, () => {
        const statuses = health.list(isShown)
        if (statuses === undefined) {
          return failure(Code.RESOURCE_EXHAUSTED, `more than ${MAX_LISTED} services`)
        }
        const entries = [...statuses].map(([name, status]) => [name.toWellFormed(), { status }])
        return { statuses: Object.fromEntries(entries) }
      })
    },
    Watch(call: WatchCall) {
      const peer = call.getPeer()
      const bound =
        connections.streamCount(peer) >= MAX_WATCHERS_A_CONNECTION
          ? `${MAX_WATCHERS_A_CONNECTION} watchers on a connection`
          : hub.watcherCount >= MAX_WATCHERS
            ? `${MAX_WATCHERS} watchers`
            : undefined
      if (bound !== undefined) {
        call.emit('error', failure(Code.RESOURCE_EXHAUSTED, `more than ${bound}`))
        return
      }
      const release = connections.hold(peer)
      const isShown = audience.maySee(askerOf(call))
      const target = seenTarget(call.request.service, isShown)
      try {
        const remove = hub.add(target, new WatchStream(call), health.check(target))
        call.once('cancelled', remove)
      } catch (error) {
        call.emit('error', unavailable(error, isShown))
      }
      call.once('close', release)
    },
  }
}

/** A stream whose queue is bounded. Messages that were queued before its end are sent before it. */
class WatchStream implements Watcher {
  readonly #call: WatchCall

  constructor(call: WatchCall) {
    this.#call = call
  }

  send(status: ServingStatus): boolean {
    if (this.#call.writableLength >= MAX_QUEUED) {
      const details = `the client is ${MAX_QUEUED} changes behind`
      this.#call.emit('error', failure(Code.RESOURCE_EXHAUSTED, details))
      return false
    }
    this.#call.write({ status })
    return true
  }

  end(reason: string): void {
    this.#call.emit('error', failure(Code.UNAVAILABLE, reason))
  }
}

function askerOf(call: Caller): Asker {
  return {
    header: (name) => String(call.metadata.get(name)[0] ?? ''),
    // The peer is its address, a colon and its port.
    isFromLoopback: () => isLoopbackAddress(call.getPeer().replace(/:\d+$/, '')),
  }
}

function answer<Response>(
  respond: sendUnaryData<Response>,
  isShown: boolean,
  find: () => Response | Failure,
): void {
  let found: Response | Failure
  try {
    found = find()
  } catch (error) {
    found = unavailable(error, isShown)
  }
  if (isFailure(found)) respond(found)
  else respond(null, found)
}

function failure(code: Code, details: string): Failure {
  return { code, details }
}

/** The reason is for those who may see details. */
function unavailable(error: unknown, isShown: boolean): Failure {
  return failure(Code.UNAVAILABLE, isShown ? reasonOf(error) : UNREADABLE)
}

function isFailure(found: unknown): found is Failure {
  return typeof found === 'object' && found !== null && 'code' in found
}
