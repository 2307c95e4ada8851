// Damages a recorded history in ways that no linearizable object could have produced, to show that the checker
// would notice them in a recording of that size and shape. Pure.
import type { Call, ComponentCall, Recorded, Seen } from './component-model.js'
import type { Random } from './random.js'

type Update = Extract<ComponentCall, { kind: 'update' }>

const isUpdateOf = (call: Call, component: number): call is Update =>
  call.kind === 'update' && call.component === component

const textOf = ({ status, message, metadata }: Seen) => `${status} ${message} ${metadata}`

/** Reads of one component in order of invocation, with what they saw. */
function readsOf(history: readonly Recorded[], component: number) {
  return history
    .filter(({ input }) => input.kind === 'getStatus' && input.component === component)
    .sort((a, b) => a.invokedAt - b.invokedAt)
}

/**
 * Gives up to `count` copies of the history, in each of which one read answers what an earlier read saw, though
 * another value was read in between and nobody wrote the old one again: a stale read.
 */
export function withStaleReads(
  history: readonly Recorded[],
  component: number,
  count: number,
  random: Random,
): Recorded[][] {
  const reads = readsOf(history, component)
  const lastWritten = new Map<string, number>()
  for (const { input, returnedAt } of history) {
    if (!isUpdateOf(input, component)) continue
    lastWritten.set(input.message, Math.max(lastWritten.get(input.message) ?? 0, returnedAt))
  }
  const altered: Recorded[][] = []
  for (let attempt = 0; attempt < 100 * count && altered.length < count; attempt++) {
    const place = random.below(Math.max(1, reads.length - 10))
    const [first, between, later] = [reads[place], reads[place + 5], reads[place + 10]]
    const old = first?.output.seen
    const other = between?.output.seen
    if (!first || !between || !later || !old || old.message === '' || !other) continue
    const isInOrder = first.returnedAt < between.invokedAt && between.returnedAt < later.invokedAt
    const isOver = (lastWritten.get(old.message) ?? Number.POSITIVE_INFINITY) < between.invokedAt
    if (!isInOrder || !isOver || textOf(old) === textOf(other)) continue
    altered.push(
      history.map((operation) =>
        operation === later ? { ...later, output: { seen: old } } : operation,
      ),
    )
  }
  return altered
}

/** Copies in each of which an update is missing whose value was read: a value out of nowhere. */
export function withoutAnUpdate(
  history: readonly Recorded[],
  component: number,
  count: number,
  random: Random,
): Recorded[][] {
  const writes = new Map<string, number>()
  for (const { input } of history) {
    if (isUpdateOf(input, component))
      writes.set(input.message, (writes.get(input.message) ?? 0) + 1)
  }
  const readOnce = readsOf(history, component)
    .map(({ output }) => output.seen?.message ?? '')
    .filter((message) => writes.get(message) === 1)
  if (readOnce.length === 0) return []
  return Array.from({ length: count }, () => {
    const message = random.pick(readOnce)
    return history.filter(
      ({ input }) => !(isUpdateOf(input, component) && input.message === message),
    )
  })
}
