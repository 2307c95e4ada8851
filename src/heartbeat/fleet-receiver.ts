// A receiver of heartbeats, for tests, development and small fleets. Runs on the loop of the thread that starts it: give it one
// of its own where that loop has other work. Loads grpc-js and protobufjs at its start.
import { EventEmitter } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ServerCredentials } from '@grpc/grpc-js'
import { argumentError, HealthError, show } from '../model/errors.js'
import { systemClock } from './clock.js'
import type { Fleet, FleetConnectors, FleetMember } from './fleet.js'
import {
  type FleetReceiverOptions,
  type FleetReceiverSettings,
  type FleetTlsFiles,
  resolveFleetOptions,
} from './fleet-options.js'
import { listenForPages } from './fleet-web.js'
import type { ReportHealthRequest } from './request.js'

export interface FleetAddress {
  /** For a reporter's option `url`. */
  readonly url: string
  readonly port: number
  /** The page; undefined without one. `fleet.json` beside it is the same for programs. */
  readonly pageUrl: string | undefined
}

/** Each may hold a message until its end has come. A reporter makes a few at once, a proxy for many of them some more. */
const MAX_CALLS_A_CONNECTION = 100

interface Running {
  readonly fleet: Fleet
  readonly address: FleetAddress
  stop(): Promise<void>
}

/**
 * A gRPC server for `api.v1.OperatorHealthService` that keeps the latest heartbeat of each cluster and operator in memory, and
 * shows them as a page and as JSON. Nothing is kept anywhere else; tokens are compared and forgotten.
 */
export class FleetReceiver {
  readonly #settings: FleetReceiverSettings
  readonly #emitter = new EventEmitter()
  #running: Promise<Running> | undefined
  #current: Running | undefined

  /** @throws HealthError `ERR_HEALTH_ARGUMENT` naming the option that is out of range. */
  constructor(options: FleetReceiverOptions = {}) {
    this.#settings = resolveFleetOptions(options)
  }

  /** @throws HealthError `ERR_HEALTH_LISTEN` where a port can't be bound, or a file of `tls` can't be used. */
  async start(): Promise<FleetAddress> {
    this.#running ??= this.#start()
    try {
      this.#current = await this.#running
    } catch (error) {
      this.#running = undefined
      throw error
    }
    return this.#current.address
  }

  /** Closes ports and connections, and forgets the fleet. Idempotent. */
  async stop(): Promise<void> {
    const running = await this.#running?.catch(() => undefined)
    this.#running = undefined
    this.#current = undefined
    await running?.stop()
  }

  /** All operators that are known, sorted by cluster and type. */
  members(): FleetMember[] {
    return [...(this.#current?.fleet.members() ?? [])]
  }

  /** What clusters have reported of their connectors. */
  connectors(): FleetConnectors[] {
    return [...(this.#current?.fleet.connectors() ?? [])]
  }

  /** The next heartbeat of the cluster's operators, or of all without an id, is answered with `collect_now`. */
  requestCollection(clusterId?: string): void {
    this.#current?.fleet.requestCollection(clusterId)
  }

  /** `heartbeat`: one has come, and is kept. */
  on(event: 'heartbeat', listener: (request: ReportHealthRequest) => void): this {
    if (event !== 'heartbeat') throw argumentError('event', event, "must be 'heartbeat'")
    if (typeof listener !== 'function') {
      throw argumentError('listener', listener, 'must be a function')
    }
    this.#emitter.on(event, listener)
    return this
  }

  async #start(): Promise<Running> {
    const { host, port, httpPort, tls, token, maxMessageBytes } = this.#settings
    const [{ Fleet }, { createFleetService, fleetServiceDefinition }, grpc] = await Promise.all([
      import('./fleet.js'),
      import('./fleet-service.js'),
      import('@grpc/grpc-js'),
    ])
    const fleet = new Fleet(systemClock, this.#settings)
    const server = new grpc.Server({
      'grpc.max_receive_message_length': maxMessageBytes,
      'grpc.max_concurrent_streams': MAX_CALLS_A_CONNECTION,
    })
    const onHeartbeat = (request: ReportHealthRequest) => this.#emit(request)
    server.addService(fleetServiceDefinition, createFleetService({ fleet, token, onHeartbeat }))
    const inUrl = host.includes(':') ? `[${host}]` : host
    let page: Server | undefined
    const stop = async () => {
      server.forceShutdown()
      page?.closeAllConnections()
      await new Promise<void>((resolve) =>
        page?.listening ? page.close(() => resolve()) : resolve(),
      )
    }
    try {
      const { createInsecure, createSsl } = grpc.ServerCredentials
      const credentials = tls === undefined ? createInsecure() : tlsCredentials(createSsl, tls)
      const bound = await new Promise<number>((resolve, reject) => {
        server.bindAsync(`${inUrl}:${port}`, credentials, (error, at) =>
          error === null ? resolve(at) : reject(error),
        )
      })
      let pageUrl: string | undefined
      if (httpPort !== null) {
        page = await listenForPages(fleet, host, httpPort)
        pageUrl = `http://${inUrl}:${(page.address() as AddressInfo).port}/`
      }
      const url = `${tls === undefined ? 'http' : 'https'}://${inUrl}:${bound}`
      return { fleet, address: { url, port: bound, pageUrl }, stop }
    } catch (cause) {
      await stop()
      const why = cause instanceof Error ? cause.message : show(cause)
      throw new HealthError(
        'ERR_HEALTH_LISTEN',
        `cannot receive heartbeats: host=${host}: ${why}`,
        {
          cause,
        },
      )
    }
  }

  /** Listeners are user code: what one throws is told, and stops nothing. */
  #emit(request: ReportHealthRequest): void {
    try {
      this.#emitter.emit('heartbeat', request)
    } catch (error) {
      process.emitWarning(error instanceof Error ? error : new Error(show(error)))
    }
  }
}

function tlsCredentials(
  createSsl: typeof ServerCredentials.createSsl,
  { certFile, keyFile, clientCaFile }: FleetTlsFiles,
): ServerCredentials {
  const pair = { cert_chain: readFileSync(certFile), private_key: readFileSync(keyFile) }
  const clientCa = clientCaFile === undefined ? null : readFileSync(clientCaFile)
  return createSsl(clientCa, [pair], clientCa !== null)
}
