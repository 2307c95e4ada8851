// What every subject is told, the same in each language (`peers/go/main.go` repeats it).
import { HealthManager, HealthStatus } from '../src/index.js'

export const COLLECTOR = 'collector_manager'
export const MESSAGE = 'collecting, 55 of 60 active'
export const OTHER_MESSAGE = 'collecting, 12 of 60 active'
/** Told to a runtime whose manager is dead. */
export const NEVER_APPLIED = 'never applied'
export const METADATA = { active: '55', total: '60' }
/** As many messages that a sample never meets one soon again. */
export const DISTINCT_MESSAGES = Array.from(
  { length: 4096 },
  (_, index) => `collecting, ${index} of 4096 active`,
)

/** The two components that verdicts rest on, and others up to `count`. */
export function componentNames(count: number): string[] {
  const others = Array.from(
    { length: count - 2 },
    (_, index) => `component_${String(index + 2).padStart(4, '0')}`,
  )
  return [COLLECTOR, 'dakr_transport', ...others]
}

/** What changes when the `turn`-th change of a component is told. */
export function changeOf(turn: number): { message: string; metadata: Record<string, string> } {
  return {
    message: `collecting, ${turn} active`,
    metadata: { active: String(turn), total: '60' },
  }
}

/** Anything that components can be registered in and told about. */
interface Fillable {
  register(name: string): unknown
  updateStatus(
    name: string,
    status: HealthStatus,
    message: string,
    metadata: Readonly<Record<string, string>>,
  ): void
}

export function fill(manager: Fillable, names: readonly string[]): void {
  for (const name of names) {
    manager.register(name)
    manager.updateStatus(name, HealthStatus.Healthy, MESSAGE, METADATA)
  }
}

/** Changes one component after the other, every `everyMs`, until stopped; 0 is never. */
export function startChanging(
  manager: Pick<Fillable, 'updateStatus'>,
  names: readonly string[],
  everyMs: number,
): () => void {
  if (everyMs === 0) return () => {}
  let turn = 0
  const timer = setInterval(() => {
    const { message, metadata } = changeOf(turn)
    manager.updateStatus(names[turn % names.length]!, HealthStatus.Healthy, message, metadata)
    turn += 1
  }, everyMs)
  return () => clearInterval(timer)
}

/** Our manager, filled and applied. */
export async function startFilled(count: number): Promise<HealthManager> {
  const health = await HealthManager.start()
  fill(health, componentNames(count))
  await health.flush()
  return health
}

/** Throws where a subject did not do what it was measured for. */
export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the bench measured nothing: ${what}`)
}
