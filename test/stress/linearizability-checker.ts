// Decides whether a recorded concurrent history has a legal sequential explanation (Herlihy and Wing), in the
// manner of Wing and Gong with Lowe's just-in-time order and memory of configurations. Pure; any thread.
//
// A configuration is a possible present: a state of the sequential object, and which of the operations that
// are still running have taken effect in it already. The events are walked in time order. Nothing happens at an
// invocation but that the operation becomes pending; at a return, every configuration in which that operation
// has not taken effect yet is extended by all orders of pending operations that end with it, and those in which
// it cannot take effect with the answer it gave die out. So only the pending window is ever searched: with four
// threads at most 2^3 subsets of it survive a return, and the cost grows linearly with the history.

/** One call as it was recorded. The interval is closed: operations that only touch count as concurrent. */
export interface Operation<Input, Output> {
  readonly thread: number
  readonly input: Input
  readonly output: Output
  readonly invokedAt: number
  /** `Infinity`: it never returned, as its thread was killed. It may have taken effect or not; `output` is ignored. */
  readonly returnedAt: number
}

/** The sequential object. States are immutable. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State
  /** The state after `operation`, or undefined if its answer is impossible in `state`. */
  step(state: State, operation: Operation<Input, Output>): State | undefined
  /** Equal for equal states only. */
  keyOf(state: State): string
}

export type Judgement<State, Input, Output> =
  | { readonly isLinearizable: true; readonly mostConfigurations: number }
  | {
      readonly isLinearizable: false
      /** The operation at whose return no explanation was left. */
      readonly operation: Operation<Input, Output>
      /** What else was running then. */
      readonly pending: readonly Operation<Input, Output>[]
      /** The states that were possible just before. */
      readonly possible: readonly State[]
    }

interface Configuration<State> {
  /** Bits of the pending operations that have taken effect. */
  readonly done: number
  readonly state: State
}

const MAX_PENDING = 30

/** @throws RangeError if more than 30 operations are pending at once, or an interval is reversed. */
export function checkLinearizable<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): Judgement<State, Input, Output> {
  const pending: (Operation<Input, Output> | undefined)[] = []
  const bitOf = new Map<Operation<Input, Output>, number>()
  let configurations = new Map<string, Configuration<State>>()
  configurations.set(`0 ${model.keyOf(model.initial)}`, { done: 0, state: model.initial })
  let mostConfigurations = 1

  for (const { operation, isReturn } of eventsOf(history)) {
    if (!isReturn) {
      bitOf.set(operation, occupy(pending, operation))
      continue
    }
    const bit = bitOf.get(operation)!
    const next = returnOf(model, pending, bit, configurations)
    if (next.size === 0) {
      return {
        isLinearizable: false,
        operation,
        pending: pending.filter((other) => other !== undefined && other !== operation) as Operation<
          Input,
          Output
        >[],
        possible: [...configurations.values()].map(({ state }) => state),
      }
    }
    pending[bit] = undefined
    bitOf.delete(operation)
    configurations = next
    mostConfigurations = Math.max(mostConfigurations, next.size)
  }
  return { isLinearizable: true, mostConfigurations }
}

/** All configurations in which the pending operation at `bit` has taken effect, with its bit free for reuse. */
function returnOf<State, Input, Output>(
  model: SequentialModel<State, Input, Output>,
  pending: readonly (Operation<Input, Output> | undefined)[],
  bit: number,
  configurations: ReadonlyMap<string, Configuration<State>>,
): Map<string, Configuration<State>> {
  const wanted = 1 << bit
  const next = new Map<string, Configuration<State>>()
  const seen = new Set(configurations.keys())
  const open = [...configurations.values()]
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    if ((from.done & wanted) !== 0) {
      const done = from.done & ~wanted
      next.set(`${done} ${model.keyOf(from.state)}`, { done, state: from.state })
      continue
    }
    for (const [other, operation] of pending.entries()) {
      if (operation === undefined || (from.done & (1 << other)) !== 0) continue
      const state = model.step(from.state, operation)
      if (state === undefined) continue
      const done = from.done | (1 << other)
      const key = `${done} ${model.keyOf(state)}`
      if (seen.has(key)) continue
      seen.add(key)
      open.push({ done, state })
    }
  }
  return next
}

function occupy<T>(places: (T | undefined)[], value: T): number {
  const free = places.indexOf(undefined)
  const place = free === -1 ? places.length : free
  if (place >= MAX_PENDING) throw new RangeError(`pending=${place + 1}: at most ${MAX_PENDING}`)
  places[place] = value
  return place
}

function eventsOf<Input, Output>(history: readonly Operation<Input, Output>[]) {
  const events = history.flatMap((operation) => {
    const { invokedAt, returnedAt } = operation
    if (!(invokedAt <= returnedAt)) {
      throw new RangeError(`invokedAt=${invokedAt} returnedAt=${returnedAt}: reversed`)
    }
    const invocation = { at: invokedAt, operation, isReturn: false }
    // What never returned stays pending to the end.
    if (returnedAt === Number.POSITIVE_INFINITY) return [invocation]
    return [invocation, { at: returnedAt, operation, isReturn: true }]
  })
  return events.sort((a, b) => a.at - b.at || Number(a.isReturn) - Number(b.isReturn))
}
