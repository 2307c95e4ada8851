// Makes one thread's share of a random history: calls the runtime as its users do and records every call with
// its interval. Runs synchronously to its end, in any thread with a HealthManager of its own.
import type {
  ComponentReporter,
  ComponentStatus,
  HealthManager,
  HealthReport,
  HealthStatus,
} from '../../../src/index.js'
import {
  type Answer,
  type Call,
  COMPONENTS,
  type ComponentCall,
  type Recorded,
  type Seen,
} from './component-model.js'
import { Random } from './random.js'

export interface DriveOrders {
  /** 0 to 3; names the thread in the history. */
  readonly thread: number
  readonly seed: number
  readonly count: number
  /** One Int32: the history's time. Every stamp is drawn from it, so stamps of all threads are in one order. */
  readonly clock: SharedArrayBuffer
}

type Update = Extract<ComponentCall, { kind: 'update' }>

// What a turn does, by how often of 100. "repeat" says the same thing again, which must not be dropped
// where somebody else has spoken since.
const turns = [
  ...Array<'update'>(36).fill('update'),
  ...Array<'repeat'>(12).fill('repeat'),
  ...Array<'getStatus'>(20).fill('getStatus'),
  ...Array<'register'>(7).fill('register'),
  ...Array<'deregister'>(3).fill('deregister'),
  ...Array<'buildReport'>(8).fill('buildReport'),
  ...Array<'checkReadiness'>(6).fill('checkReadiness'),
  ...Array<'checkLiveness'>(2).fill('checkLiveness'),
  ...Array<'readinessCheck'>(3).fill('readinessCheck'),
  ...Array<'livenessCheck'>(2).fill('livenessCheck'),
  ...Array<'setStandby'>(1).fill('setStandby'),
]

export function drive(health: HealthManager, orders: DriveOrders): Recorded[] {
  const { thread, count } = orders
  const random = new Random(orders.seed + thread)
  const clock = new Int32Array(orders.clock)
  const reporters: (ComponentReporter | undefined)[] = COMPONENTS.map(() => undefined)
  const lastUpdates: (Update | undefined)[] = COMPONENTS.map(() => undefined)
  const history: Recorded[] = []
  while (history.length < count) {
    const input = nextCall(random, `${thread}:${history.length}`, reporters, lastUpdates)
    const invokedAt = Atomics.add(clock, 0, 1)
    const result = perform(health, reporters, input)
    const returnedAt = Atomics.add(clock, 0, 1)
    history.push({ thread, input, output: answerOf(result), invokedAt, returnedAt })
  }
  return history
}

function nextCall(
  random: Random,
  message: string,
  reporters: readonly (ComponentReporter | undefined)[],
  lastUpdates: (Update | undefined)[],
): Call {
  const turn = random.pick(turns)
  const component = random.below(COMPONENTS.length)
  const byReporter = reporters[component] !== undefined && random.oneIn(2)
  switch (turn) {
    case 'repeat':
    case 'update': {
      const last = lastUpdates[component]
      if (turn === 'repeat' && last !== undefined) return { ...last, byReporter }
      const status = random.oneIn(8) ? 0 : 1 + random.below(3)
      const metadata = random.pick([null, null, '{}', `{"by":"${message}"}`, '{"a":"","é😀":"é"}'])
      const update = { kind: 'update', component, byReporter, status, message, metadata } as const
      lastUpdates[component] = update
      return update
    }
    case 'getStatus':
    case 'register':
      return { kind: turn, component }
    case 'deregister':
      return { kind: turn, component, byReporter }
    case 'setStandby':
      return { kind: turn, standby: random.oneIn(2) }
    default:
      return { kind: turn }
  }
}

/** What a call gave back, left undigested until its return is stamped. */
interface Result {
  readonly status?: { readonly found: ComponentStatus | undefined }
  readonly report?: HealthReport
  readonly verdict?: { readonly error: Error | undefined }
}

function perform(
  health: HealthManager,
  reporters: (ComponentReporter | undefined)[],
  call: Call,
): Result {
  switch (call.kind) {
    case 'register':
      reporters[call.component] = health.register(COMPONENTS[call.component]!)
      return {}
    case 'deregister':
      if (call.byReporter) reporters[call.component]!.deregister()
      else health.deregister(COMPONENTS[call.component]!)
      return {}
    case 'update': {
      const status = call.status as HealthStatus
      const metadata = call.metadata === null ? null : JSON.parse(call.metadata)
      if (call.byReporter) reporters[call.component]!.update(status, call.message, metadata)
      else health.updateStatus(COMPONENTS[call.component]!, status, call.message, metadata)
      return {}
    }
    case 'getStatus':
      return { status: { found: health.getStatus(COMPONENTS[call.component]!) } }
    case 'buildReport':
      return { report: health.buildReport() }
    case 'checkReadiness':
    case 'checkLiveness': {
      const { report, error } = health[call.kind]()
      return { report, verdict: { error } }
    }
    case 'readinessCheck':
    case 'livenessCheck':
      return { verdict: { error: health[call.kind]() } }
    case 'setStandby':
      health.setStandby(call.standby)
      return {}
  }
}

function answerOf({ status, report, verdict }: Result): Answer {
  return {
    ...(status && { seen: seenOf(status.found) }),
    ...(report && { report: COMPONENTS.map((name) => seenOf(report.get(name))) }),
    ...(verdict && { error: verdict.error?.message ?? null }),
  }
}

function seenOf(component: ComponentStatus | undefined): Seen | null {
  if (component === undefined) return null
  const { status, message, metadata } = component
  return { status, message, metadata: JSON.stringify(metadata, Object.keys(metadata).sort()) }
}
