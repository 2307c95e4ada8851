// The sequential object that the runtime must be indistinguishable from: three components and the standby flag,
// every call taking effect at one instant. Used to judge recorded histories; restates the reference's rules
// without the code under test. Pure.
import type { Operation, SequentialModel } from '../linearizability-checker.js'

export const COMPONENTS = ['collector_manager', 'dakr_transport', 'buffer_queue'] as const

/** A registered component as a reader sees it; metadata as JSON with sorted keys. */
export interface Seen {
  readonly status: number
  readonly message: string
  readonly metadata: string
}

/** Calls on one component, by its place in COMPONENTS. */
export type ComponentCall =
  | { readonly kind: 'register'; readonly component: number }
  | { readonly kind: 'deregister'; readonly component: number; readonly byReporter: boolean }
  | {
      readonly kind: 'update'
      readonly component: number
      readonly byReporter: boolean
      readonly status: number
      readonly message: string
      /** null keeps what is there. */
      readonly metadata: string | null
    }
  | { readonly kind: 'getStatus'; readonly component: number }

/** Calls on everything at once. */
export type WholeCall =
  | { readonly kind: 'buildReport' | 'checkReadiness' | 'checkLiveness' }
  | { readonly kind: 'readinessCheck' | 'livenessCheck' }
  | { readonly kind: 'setStandby'; readonly standby: boolean }

export type Call = ComponentCall | WholeCall

/** What a call answered; writers answer nothing. `null` stands for "not registered" and for "no error". */
export interface Answer {
  readonly seen?: Seen | null
  readonly report?: readonly (Seen | null)[]
  readonly error?: string | null
}

export type Recorded = Operation<Call, Answer>

/** null: not registered. */
export type ComponentState = Seen | null

export interface WholeState {
  readonly components: readonly ComponentState[]
  readonly isStandby: boolean
}

const fresh: Seen = { status: 0, message: '', metadata: '{}' }
const names = ['unspecified', 'healthy', 'degraded', 'unhealthy']

/** A reporter stands for its name: which registration it came from makes no difference. */
function apply(state: ComponentState, call: ComponentCall): ComponentState {
  switch (call.kind) {
    case 'register':
      return state ?? fresh
    case 'deregister':
      return null
    case 'update': {
      if (state === null) return null
      const { status, message } = call
      return { status, message, metadata: call.metadata ?? state.metadata }
    }
    case 'getStatus':
      return state
  }
}

function isSame(state: ComponentState, seen: Seen | null | undefined): boolean {
  if (state === null || !seen) return state === null && seen === null
  const { status, message, metadata } = state
  return status === seen.status && message === seen.message && metadata === seen.metadata
}

function keyOfComponent(state: ComponentState): string {
  return state === null ? '-' : `${state.status}${state.message}${state.metadata}`
}

/** One component by itself; a whole report counts as a read of it. */
export function componentModel(
  component: number,
): SequentialModel<ComponentState, Call, Answer> & { concerns(call: Call): boolean } {
  return {
    initial: null,
    concerns: (call) =>
      'component' in call
        ? call.component === component
        : call.kind === 'buildReport' ||
          call.kind === 'checkReadiness' ||
          call.kind === 'checkLiveness',
    step(state, { input, output, returnedAt }) {
      const hasAnswer = returnedAt !== Number.POSITIVE_INFINITY
      if ('component' in input) {
        if (input.kind === 'getStatus' && hasAnswer && !isSame(state, output.seen)) return undefined
        return apply(state, input)
      }
      return hasAnswer && !isSame(state, output.report?.[component]) ? undefined : state
    },
    keyOf: keyOfComponent,
  }
}

/** The readiness rule of the reference, § 1.5. */
function readinessError({ components, isStandby }: WholeState): string | null {
  if (isStandby) return null
  for (const component of [0, 1]) {
    const name = COMPONENTS[component]
    const seen = components[component] ?? null
    if (seen === null) return `${name} is not registered`
    if (seen.status !== 1 && seen.status !== 2) {
      return `${name} is not ready (status: ${names[seen.status]})`
    }
  }
  return null
}

/** The liveness rule of the reference, § 1.4. */
function livenessError({ components }: WholeState): string | null {
  const seen = components[0]
  return seen?.status === 3 ? `collector_manager is unhealthy: ${seen.message}` : null
}

function isAllowed(state: WholeState, call: Call, answer: Answer): boolean {
  switch (call.kind) {
    case 'getStatus':
      return isSame(state.components[call.component] ?? null, answer.seen)
    case 'readinessCheck':
      return answer.error === readinessError(state)
    case 'livenessCheck':
      return answer.error === livenessError(state)
    case 'checkReadiness':
      if (answer.error !== readinessError(state)) return false
      break
    case 'checkLiveness':
      if (answer.error !== livenessError(state)) return false
      break
    case 'buildReport':
      break
    default:
      return true
  }
  return state.components.every((component, place) => isSame(component, answer.report?.[place]))
}

/** All components and the standby flag as one object: reports must be snapshots of one instant. */
export const wholeModel: SequentialModel<WholeState, Call, Answer> = {
  initial: { components: COMPONENTS.map(() => null), isStandby: false },
  step(state, { input, output, returnedAt }) {
    if (returnedAt !== Number.POSITIVE_INFINITY && !isAllowed(state, input, output)) {
      return undefined
    }
    if (input.kind === 'setStandby') return { ...state, isStandby: input.standby }
    if (!('component' in input) || input.kind === 'getStatus') return state
    const component = apply(state.components[input.component] ?? null, input)
    return { ...state, components: state.components.with(input.component, component) }
  },
  keyOf: ({ components, isStandby }) => `${isStandby}|${components.map(keyOfComponent).join('|')}`,
}
