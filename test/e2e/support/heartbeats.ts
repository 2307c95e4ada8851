// A receiver and a reporter for one test, each stopped when it ends. Host thread only.
import type { TestContext } from 'node:test'
import {
  FleetReceiver,
  type FleetReceiverOptions,
  HeartbeatReporter,
  type HeartbeatReporterOptions,
  type OperatorType,
  type ReportHealthRequest,
} from '../../../src/heartbeat/index.js'
import { HealthManager } from '../../../src/index.js'

export const HOUR_MS = 3_600_000

/** Stopped after the runtime, as long as that was started before. */
export async function startReceiver(t: TestContext, options: FleetReceiverOptions = {}) {
  const receiver = new FleetReceiver(options)
  const address = await receiver.start()
  t.after(() => receiver.stop())
  const heartbeats: ReportHealthRequest[] = []
  let wake = () => {}
  receiver.on('heartbeat', (request) => {
    heartbeats.push(request)
    wake()
  })
  const arrival = () =>
    new Promise<void>((resolve) => {
      wake = resolve
    })
  /** The first one that is as wanted, of all that have come or will. */
  const heartbeat = async (isWanted: (request: ReportHealthRequest) => boolean) => {
    for (;;) {
      const found = heartbeats.find(isWanted)
      if (found !== undefined) return found
      await arrival()
    }
  }
  /** The so-many-eth of that type. */
  const nth = async (type: OperatorType, count: number) => {
    for (;;) {
      const ofType = heartbeats.filter(({ operatorType }) => operatorType === type)
      const found = ofType[count - 1]
      if (found !== undefined) return found
      await arrival()
    }
  }
  return { receiver, ...address, heartbeats, heartbeat, nth }
}

export async function startHealth(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  return health
}

export async function startReporter(
  t: TestContext,
  health: HealthManager,
  options: HeartbeatReporterOptions,
): Promise<HeartbeatReporter> {
  const reporter = new HeartbeatReporter(health, {
    token: '',
    intervalMs: HOUR_MS,
    startTime: new Date(1_767_225_600_500),
    ...options,
  })
  t.after(() => reporter.stop())
  await reporter.start()
  return reporter
}
