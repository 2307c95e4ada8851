// Puts the collector together, runs it until it is told to stop, and takes it apart in order. Main thread.
import { mkdtemp } from 'node:fs/promises'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Component, type ComponentOptions, HealthManager, HealthServer } from '../../src/index.js'
import { readCgroupMemory } from '../../src/watch/cgroup.js'
import { RealAlarm } from './alarm.js'
import { Ballast } from './ballast.js'
import { BufferQueue } from './buffer-queue.js'
import { findCluster } from './cluster.js'
import { CollectionManager } from './collection-manager.js'
import { launchCollector } from './collector-thread.js'
import { FileDestination, StallableDestination, StdoutDestination } from './destination.js'
import { scheduleFaults } from './faults.js'
import { type Fleet, startFleet, startHeartbeats } from './fleet.js'
import { killManager } from './kill-manager.js'
import { MemoryFill } from './memory-fill.js'
import type { CollectorOptions } from './options.js'
import { componentOf, planCollectors } from './proc/sources.js'
import { Sink } from './sink.js'
import { StopSignal } from './stop-signal.js'
import { accountOf, summaryLine, type Totals, verdictsOf } from './summary.js'
import { tolerant, tolerantSuppressions } from './telling.js'

const START_SUPPRESSION_MS = 2 * 60_000
const SUMMARY_INTERVAL_MS = 1_000
const DRAIN_TIMEOUT_MS = 5_000
/** Whether the samples are taken. `dakr_transport` is about the heartbeats. */
const SAMPLE_SINK = 'sample_sink'
/** The main thread's loop. The collectors work synchronously, and tell of themselves after each reading. */
const EVENT_LOOP = 'event_loop'
/** How long the sink must go well before the program is ready again: one that fails now and then is to be seen, not to flap. */
const SINK_RECOVERY_MS = 1_000
/** Lines are written at once, in order; those that wait for a webhook go out together. */
const OBSERVER_CONCURRENCY = 100
const LATE_MS = 500
/** The threshold is the default. The interval is not: a fault of some seconds is to be seen. */
const MEMORY_PRESSURE = { thresholdPercent: 85, intervalMs: 1_000 }
const TRANSITION_LOG = new URL('./on-transition.js', import.meta.url)
const TRANSPORT_NAMES = { uws: 'uWebSockets.js', node: 'node:http' } as const

/** The exit code. @throws what kept it from starting. */
export async function run(options: CollectorOptions): Promise<number> {
  const stopSignal = new StopSignal()
  const out = options.out ?? join(await mkdtemp(join(tmpdir(), 'health-actor-')), 'samples.ndjson')
  // Standard output is for samples or for people, never for both.
  const stream = out === '-' ? process.stderr : process.stdout
  const log = (line: string) => void stream.write(`${line}\n`)
  const destination = await openDestination(out, options.rotateMib)
  const health = await HealthManager.start({
    policy: {
      // A main thread that is stuck for good is a reason to start the program anew.
      liveness: [Component.CollectorManager, EVENT_LOOP],
      readiness: [Component.CollectorManager, Component.DakrTransport, SAMPLE_SINK],
    },
    memoryPressure: MEMORY_PRESSURE,
  })
  health.on('restart', ({ actor, restarts }) => {
    log(`health: the ${actor} thread was restarted (${restarts} so far)`)
  })
  health.on('error', (error) => log(`health: ${error.message}`))
  let fleet: Fleet | undefined
  try {
    await health.setTransitionObserver(TRANSITION_LOG, { concurrency: OBSERVER_CONCURRENCY })
    fleet = await startFleet(process.env['DAKR_URL'], log)
    return await collect(options, health, fleet, destination, out, stopSignal, log)
  } finally {
    stopSignal.dispose()
    await health.stop()
    await fleet?.stop()
    await destination.close()
  }
}

async function collect(
  options: CollectorOptions,
  health: HealthManager,
  fleet: Fleet,
  destination: StallableDestination,
  out: string,
  stopSignal: StopSignal,
  log: (line: string) => void,
): Promise<number> {
  const plans = planCollectors(options.collectors)
  const names = plans.map(({ name }) => name)
  const { wedgedMs, deadlineMs, stallMs } = options
  const voiceOf = (component: string, rules?: ComponentOptions) =>
    tolerant(health.register(component, rules))
  const managerVoice = voiceOf(Component.CollectorManager)
  const queue = new BufferQueue(
    names,
    options.queue,
    voiceOf(Component.BufferQueue, { progress: { stallMs } }),
  )
  const sink = new Sink({
    queue,
    destination,
    voice: voiceOf(SAMPLE_SINK, {
      progress: { stallMs },
      recoverAfter: { ms: SINK_RECOVERY_MS },
    }),
    log,
    onReaderGone: () => stopSignal.stop('the reader of standard output has gone'),
  })
  for (const name of names) health.register(componentOf(name), { deadlineMs })
  const lateMs = Math.min(LATE_MS, wedgedMs / 2)
  health.watchEventLoop({ component: EVENT_LOOP, lateMs, wedgedMs })
  health.suppressReadiness(START_SUPPRESSION_MS, { owner: 'collector', reason: 'starting' })

  // health.stop() stops it, after everything else.
  const server = new HealthServer(health, {
    host: options.host,
    port: options.port,
    ...(options.grpcPort !== undefined && { grpc: { port: options.grpcPort } }),
    onRestart: ({ cause }) => log(`health: the probe thread was restarted: ${cause.message}`),
    onError: (error) => log(`health: ${error.message}`),
    ...(options.incident === undefined ? {} : { incidentFile: options.incident }),
  })
  const { host, port, transport, grpcPort } = await server.start()
  const address = host.includes(':') ? `[${host}]` : host
  const url = `http://${address}:${port}`
  log(`probes    ${url}/healthz  ${url}/readyz  (${TRANSPORT_NAMES[transport]})`)
  if (grpcPort !== undefined) log(`gRPC      ${address}:${grpcPort}`)
  log(`fleet     ${fleet.line}`)
  const cluster = findCluster(options.kubeconfig, process.env)
  if (cluster !== undefined) log(`cluster   ${cluster.line}`)
  log(`samples   ${out === '-' ? 'standard output' : out}`)

  const manager = new CollectionManager({
    names,
    health: tolerantSuppressions(health),
    voice: managerVoice,
    log,
    launch: (name) => {
      const files = plans.find((plan) => plan.name === name)?.files ?? []
      const { procfs, rate: ratePerSecond } = options
      const queueCapacity = queue.capacity
      const settings = { name, files, procfs, ratePerSecond, queueCapacity, deadlineMs }
      return launchCollector(health, { ring: queue.ringOf(name), settings })
    },
  })
  const sources = cluster?.sources ?? []
  // Before anything else goes on by itself: where they can't be sent as they are set up, the program ends.
  await startHeartbeats(health, { ...fleet.options, sources }, log)
  queue.start()
  sink.start()
  // Who wants it to end need not wait until it has begun.
  await Promise.race([manager.start(), stopSignal.stopped])
  if (!stopSignal.isStopped) {
    log(`collecting with ${names.join(', ')} at ${options.rate} samples/s each`)
  }

  const totals = (): Totals => ({
    ...queue.counts(),
    written: sink.writtenCount,
    writtenBytes: sink.writtenBytes,
    pending: sink.pendingCount,
  })
  const stopSummaries = printSummaries(health, totals, queue.capacity, log)
  const memory = new MemoryFill({
    thresholdPercent: MEMORY_PRESSURE.thresholdPercent,
    read: readCgroupMemory,
    ballast: new Ballast(),
    freeBytes: freemem,
    alarm: new RealAlarm(),
    log,
  })
  const cancelFaults = scheduleFaults(options.faults, {
    killCollector: () => manager.killOne(),
    hangCollector: (durationMs) => manager.hangOne(durationMs),
    killManager: () => killManager(health, log),
    stallSink: (durationMs) => destination.stall(durationMs),
    fillMemory: (durationMs) => void memory.fill(durationMs),
    breadcrumb: (text) => health.breadcrumb(text),
    log,
  })
  if (options.seconds !== undefined) stopSignal.stopAfter(options.seconds)
  log(`stopping: ${await stopSignal.stopped}`)
  cancelFaults()
  memory.stop()
  stopSummaries()
  await manager.stop()
  await sink.stop(DRAIN_TIMEOUT_MS)
  queue.stop()
  const account = accountOf(totals())
  log(account.line)
  if (account.abandoned > 0) {
    log(`${account.abandoned} samples were abandoned: the destination did not take them in time`)
  }
  return account.isBalanced && account.abandoned === 0 ? 0 : 1
}

async function openDestination(out: string, rotateMib: number): Promise<StallableDestination> {
  return new StallableDestination(
    out === '-' ? new StdoutDestination() : await FileDestination.open(out, rotateMib * 2 ** 20),
  )
}

function printSummaries(
  health: HealthManager,
  totals: () => Totals,
  capacity: number,
  log: (line: string) => void,
): () => void {
  const startMs = performance.now()
  let before = totals()
  let beforeMs = startMs
  const timer = setInterval(() => {
    const now = totals()
    const nowMs = performance.now()
    const interval = { elapsedMs: nowMs - startMs, intervalMs: nowMs - beforeMs, before, now }
    log(summaryLine(interval, capacity, verdictsOf(health)))
    before = now
    beforeMs = nowMs
  }, SUMMARY_INTERVAL_MS)
  return () => clearInterval(timer)
}
