// Runs two sides of the shared-memory code in one thread, and lets the one interrupt, or kill, the other at any
// Atomics operation. For model tests only; synchronous; one simulation at a time.
//
// Where a side can be interrupted. Point k of a run is the instant before its k-th Atomics operation; the last point is
// behind the last operation. The instants after an operation and before the next one are one point: between two
// operations a side does plain work only, and no other thread can tell how far that has come:
// - plain stores go to the payload of a record above its mailbox's tail, which nobody reads before the tail moves;
// - plain reads are of words that no other thread writes, or below a tail or head that was loaded;
// - everything else is private to the thread, and gone when the thread is killed.
//
// The simulation also has the clocks: they move with every look at them and with every wait, so each bounded wait ends, at
// once. A wait never blocks: `onWait` is where the rest of the world goes on meanwhile.

const OPERATIONS = [
  'load',
  'store',
  'add',
  'sub',
  'and',
  'or',
  'exchange',
  'compareExchange',
  'wait',
  'notify',
  'waitAsync',
] as const

type Operation = (typeof OPERATIONS)[number]

type Call = (words: Int32Array, index: number, ...rest: number[]) => unknown

/** Alters operations, to show that a test would notice. `proceed` does what the real code does. */
export type Sabotage = (
  operation: Operation,
  words: Int32Array,
  index: number,
  rest: number[],
  proceed: () => unknown,
) => unknown

/** A wait that was entered, in ms by the simulated clock; `timed-out` also where it should have been woken. */
export interface SimulatedWait {
  readonly index: number
  readonly outcome: 'ok' | 'not-equal' | 'timed-out'
}

/** What happens at each point of a side. */
interface Layer {
  readonly hook: (point: number) => void
  steps: number
}

const READ_MS = 0.01
const EPOCH_MS = 1_700_000_000_000
const MONOTONIC_MS = 5_000_000

const real = {} as Record<Operation, Call>
for (const name of OPERATIONS) real[name] = Reflect.get(Atomics, name)

let layer: Layer | undefined
let clockMs = 0
let monotonicMs = 0
let dates = 0
let randoms = 0
/** The operation that comes next, and before which operations something happened. */
let next = ''
let label = ''
let notifies = new Map<number, number>()

/** What a simulation can be asked, and told, while it runs. */
export const simulation = {
  /** Lets the rest of the world go on while a side waits. It runs uninterrupted. */
  onWait: undefined as ((index: number) => void) | undefined,
  /** Takes the place of Atomics.waitAsync. */
  onWaitAsync: undefined as ((index: number, value: number) => unknown) | undefined,
  onNotify: undefined as ((index: number) => void) | undefined,
  sabotage: undefined as Sabotage | undefined,
  waits: [] as SimulatedWait[],
  /** Time spent by the simulated clock, in ms. */
  get nowMs(): number {
    return clockMs
  },
  /** The monotonic clock of the process moves by this alone: deadlines run out when a test says so. */
  passMs(ms: number): void {
    clockMs += ms
    monotonicMs += ms
  },
  get monotonicMs(): number {
    return monotonicMs
  },
  /** How often a word was notified. */
  notifiesOf(index: number): number {
    return notifies.get(index) ?? 0
  },
}

function reset(): void {
  layer = undefined
  clockMs = 1000
  monotonicMs = MONOTONIC_MS
  dates = 0
  randoms = 0
  label = ''
  notifies = new Map()
  simulation.onWait = undefined
  simulation.onWaitAsync = undefined
  simulation.onNotify = undefined
  simulation.waits = []
}

function step(operation: Operation, index: number): void {
  const current = layer
  if (current === undefined) return
  next = `${operation} of word ${index}`
  const point = current.steps++
  unhooked(() => current.hook(point))
}

/** Runs something of another thread, or of the test itself. */
export function unhooked<T>(run: () => T): T {
  const outer = layer
  layer = undefined
  try {
    return run()
  } finally {
    layer = outer
  }
}

function simulatedWait(words: Int32Array, index: number, value: number, timeoutMs?: number) {
  if (timeoutMs === undefined || !Number.isFinite(timeoutMs)) {
    throw new Error(`an unbounded wait on word ${index}`)
  }
  const end = (outcome: SimulatedWait['outcome']) => {
    simulation.waits.push({ index, outcome })
    return outcome
  }
  if (real.load(words, index) !== value) return end('not-equal')
  const before = simulation.notifiesOf(index)
  const { onWait } = simulation
  if (onWait !== undefined) unhooked(() => onWait(index))
  if (simulation.notifiesOf(index) !== before) return end('ok')
  clockMs += timeoutMs
  return end('timed-out')
}

function replacementOf(operation: Operation): Call {
  const perform: Call = (words, index, ...rest) => {
    if (operation === 'wait') return simulatedWait(words, index, rest[0]!, rest[1])
    if (operation === 'waitAsync' && simulation.onWaitAsync !== undefined) {
      return simulation.onWaitAsync(index, rest[0]!)
    }
    if (operation === 'notify') {
      notifies.set(index, simulation.notifiesOf(index) + 1)
      simulation.onNotify?.(index)
    }
    return real[operation](words, index, ...rest)
  }
  return (words, index, ...rest) => {
    step(operation, index)
    const { sabotage } = simulation
    if (sabotage === undefined) return perform(words, index, ...rest)
    return sabotage(operation, words, index, rest, () => perform(words, index, ...rest))
  }
}

function install(): () => void {
  const dateNow = Date.now
  const random = Math.random
  const { hrtime } = process
  for (const name of OPERATIONS) Reflect.set(Atomics, name, replacementOf(name))
  Object.defineProperty(performance, 'now', {
    configurable: true,
    value: () => {
      clockMs += READ_MS
      return clockMs
    },
  })
  const stopped = () => [Math.floor(monotonicMs / 1e3), (monotonicMs % 1e3) * 1e6]
  process.hrtime = Object.assign(stopped, hrtime) as typeof process.hrtime
  // Each batch gets a time of its own, so that the words of times differ from one to the next.
  Date.now = () => EPOCH_MS + dates++
  // The same in every simulation, but never the same number twice: stamps of payload blocks begin with it.
  Math.random = () => (++randoms * 0.6180339887) % 1
  reset()
  return () => {
    for (const name of OPERATIONS) Reflect.set(Atomics, name, real[name])
    Reflect.deleteProperty(performance, 'now')
    Date.now = dateNow
    Math.random = random
    process.hrtime = hrtime
    reset()
    simulation.sabotage = undefined
  }
}

function withLabel(error: unknown): unknown {
  if (!(error instanceof Error) || label === '') return error
  return new Error(`interrupted${label}: ${error.message}`, { cause: error })
}

/** Runs `body` with simulated Atomics and clocks. */
export function simulate<T>(body: () => T): T {
  const restore = install()
  try {
    return body()
  } catch (error) {
    throw withLabel(error)
  } finally {
    restore()
  }
}

/**
 * `simulate` for a side that awaits: from now on `hook` runs at each point of whatever is not run `unhooked`. Nothing else
 * may run in this thread meanwhile.
 */
export async function simulateAsync(
  hook: (point: number) => void,
  body: () => Promise<void>,
): Promise<void> {
  const restore = install()
  layer = { hook, steps: 0 }
  try {
    await body()
  } catch (error) {
    throw withLabel(error)
  } finally {
    restore()
  }
}

/** Runs `side`, and `hook` at each point of it but the last; gives the number of operations. Nests: a hook may interrupt what it runs. */
export function interruptAlways(side: () => void, hook: (point: number) => void): number {
  const outer = layer
  const own: Layer = { hook, steps: 0 }
  layer = own
  try {
    side()
  } finally {
    layer = outer
  }
  return own.steps
}

/**
 * Runs `side`, and `action` at the given point of it. False if the side ended before the point; then the action has run
 * behind its last operation.
 */
export function interrupt(point: number, side: () => void, action: () => void): boolean {
  const steps = interruptAlways(side, (at) => {
    if (at !== point) return
    label += ` before ${next} (point ${at})`
    action()
  })
  if (steps > point) return true
  label += ` after the last operation (point ${steps})`
  unhooked(action)
  return false
}

/**
 * Runs `side` and kills it at the given point, after `lastly` has run: whatever it would have done is not done. False if
 * it had ended before; then `lastly` has not run.
 */
export function kill(point: number, side: () => void, lastly?: () => void): boolean {
  const death = new Error('killed')
  try {
    interruptAlways(side, (at) => {
      if (at !== point) return
      label += ` killed before ${next} (point ${at})`
      lastly?.()
      throw death
    })
  } catch (error) {
    if (error !== death) throw error
    return true
  }
  return false
}

/**
 * Calls `body` with point 0, 1, ... in a simulation of its own each, until it returns false: the point was behind the
 * end. Gives the number of points, which a test compares with what it expects at least: a run without points shows nothing.
 */
export function forEachPoint(body: (point: number) => boolean): number {
  for (let point = 0; point < MAX_POINTS; point++) if (!simulate(() => body(point))) return point
  throw new Error('the side under test does not end')
}

const MAX_POINTS = 20_000

/** `forEachPoint` over every pair of points: one in a side, one in what interrupts it or takes over from it. */
export function forEachPair(
  body: (outer: number, inner: number) => { outer: boolean; inner: boolean },
): number {
  let pairs = 0
  for (let outer = 0; ; outer++) {
    let isOuterReached = false
    pairs += forEachPoint((inner) => {
      const isReached = body(outer, inner)
      isOuterReached ||= isReached.outer
      return isReached.inner
    })
    if (!isOuterReached) return pairs
  }
}
