// The three calls of grpc.health.v1.Health, as grpc-js wants them: from its calls to GrpcHealth and WatchHub, and from
// their answers to messages and statuses. gRPC actor's thread.
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
import type { Method } from './grpc-counters.js'
import { type GrpcHealth, MAX_LISTED, type Serving } from './grpc-health.js'
import { ServingStatus, seenTarget } from './grpc-service-names.js'
import { ARRIVED } from './grpc-streams.js'
import type { WatchHub } from './grpc-watch.js'
import { QueuedMessages, WatchStream } from './grpc-watch-stream.js'
import { isLoopbackAddress } from './listener.js'

/** Streams at once, on all connections. */
export const MAX_WATCHERS = 10_000
/** Streams at once, on one connection. */
export const MAX_WATCHERS_A_CONNECTION = 100

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

/** A call that was just answered, or a watch that was told its first status. */
export interface AnsweredCall {
  readonly method: Method
  /** As the client wrote it; `''` for List. */
  readonly service: string
  readonly code: Code
  /** Whether it is a success, and no probe fails by it. */
  readonly isSuccess: boolean
  /** Why it is none. */
  readonly reason: string
  /** The client's address. */
  readonly client: string
  readonly userAgent: string
  /** Since the call's headers had arrived. */
  readonly latencyMs: number
}
/** Never throws. */
export type OnAnswered = (call: AnsweredCall) => void

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
  onAnswered: OnAnswered = () => {},
): UntypedServiceImplementation {
  const tell = (caller: Caller, method: Method, service: string, outcome: Outcome) =>
    onAnswered({ method, service, ...outcome, ...describe(caller) })
  const queued = new QueuedMessages()
  return {
    Check(
      call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>,
      respond: sendUnaryData<HealthCheckResponse>,
    ) {
      connections.touch(call.getPeer())
      const { service } = call.request
      const isShown = audience.maySee(askerOf(call))
      const found = find(() => health.answer(seenTarget(service, isShown)))
      if (found instanceof Error) {
        respond(unavailable(found, isShown))
      } else if (found.status === ServingStatus.ServiceUnknown) {
        // Without the name, which is the client's text.
        respond(failure(Code.NOT_FOUND, UNKNOWN_SERVICE))
      } else {
        respond(null, { status: found.status })
      }
      tell(call, 'Check', service, outcomeOf(found, Code.NOT_FOUND))
    },
    List(
      call: ServerUnaryCall<unknown, HealthListResponse>,
      respond: sendUnaryData<HealthListResponse>,
    ) {
      connections.touch(call.getPeer())
      const isShown = audience.maySee(askerOf(call))
      const found = find(() => health.list(isShown) ?? new TooMany())
      if (found instanceof TooMany) {
        respond(failure(Code.RESOURCE_EXHAUSTED, found.message))
        tell(call, 'List', '', failed(Code.RESOURCE_EXHAUSTED, found.message))
      } else if (found instanceof Error) {
        respond(unavailable(found, isShown))
        tell(call, 'List', '', failed(Code.UNAVAILABLE, reasonOf(found)))
      } else {
        const entries = [...found].map(([name, status]) => [name.toWellFormed(), { status }])
        respond(null, { statuses: Object.fromEntries(entries) })
        tell(call, 'List', '', SUCCESS)
      }
    },
    Watch(call: WatchCall) {
      const peer = call.getPeer()
      const { service } = call.request
      const bound =
        connections.streamCount(peer) >= MAX_WATCHERS_A_CONNECTION
          ? `${MAX_WATCHERS_A_CONNECTION} watchers on a connection`
          : hub.watcherCount >= MAX_WATCHERS
            ? `${MAX_WATCHERS} watchers`
            : undefined
      if (bound !== undefined) {
        const details = `more than ${bound}`
        call.emit('error', failure(Code.RESOURCE_EXHAUSTED, details))
        tell(call, 'Watch', service, failed(Code.RESOURCE_EXHAUSTED, details))
        return
      }
      const release = connections.hold(peer)
      const isShown = audience.maySee(askerOf(call))
      const target = seenTarget(service, isShown)
      const found = find(() => {
        const answer = health.answer(target)
        const remove = hub.add(target, new WatchStream(call, queued), answer.status)
        call.once('cancelled', remove)
        return answer
      })
      if (found instanceof Error) call.emit('error', unavailable(found, isShown))
      call.once('close', release)
      tell(call, 'Watch', service, outcomeOf(found, Code.OK))
    },
  }
}

const UNKNOWN_SERVICE = 'unknown service'

class TooMany extends Error {
  constructor() {
    super(`more than ${MAX_LISTED} services`)
  }
}

type Outcome = Pick<AnsweredCall, 'code' | 'isSuccess' | 'reason'>
const SUCCESS: Outcome = { code: Code.OK, isSuccess: true, reason: '' }

function failed(code: Code, reason: string): Outcome {
  return { code, isSuccess: false, reason }
}

/** Of a Check or a Watch, which have different codes where a service is unknown. */
function outcomeOf(found: Serving | Error, unknownCode: Code): Outcome {
  if (found instanceof Error) return failed(Code.UNAVAILABLE, reasonOf(found))
  switch (found.status) {
    case ServingStatus.Serving:
      return SUCCESS
    case ServingStatus.NotServing:
      return failed(Code.OK, `NOT_SERVING: ${found.reason}`)
    case ServingStatus.ServiceUnknown:
      return failed(unknownCode, UNKNOWN_SERVICE)
  }
}

function describe(caller: Caller) {
  const arrivedMs = Number(caller.metadata.get(ARRIVED)[0])
  return {
    client: addressOf(caller.getPeer()),
    userAgent: String(caller.metadata.get('user-agent')[0] ?? ''),
    latencyMs: Math.max(0, performance.now() - arrivedMs) || 0,
  }
}

function askerOf(call: Caller): Asker {
  return {
    header: (name) => String(call.metadata.get(name)[0] ?? ''),
    isFromLoopback: () => isLoopbackAddress(addressOf(call.getPeer())),
  }
}

/** A peer is its address, a colon and its port. */
function addressOf(peer: string): string {
  return peer.replace(/:\d+$/, '')
}

function find<Found>(look: () => Found): Found | Error {
  try {
    return look()
  } catch (error) {
    return error instanceof Error ? error : new Error(UNREADABLE, { cause: error })
  }
}

function failure(code: Code, details: string): Failure {
  return { code, details }
}

/** The reason is for those who may see details. */
function unavailable(error: unknown, isShown: boolean): Failure {
  return failure(Code.UNAVAILABLE, isShown ? reasonOf(error) : UNREADABLE)
}
