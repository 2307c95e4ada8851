// What can go wrong, and what must be said of it then.
import type { Answer } from './subject.js'
import { type Component, verdictIn } from './subject.js'

/** One thing that is to be seen after a fault. */
export interface Expectation {
  readonly verdict: string
  readonly threshold: string
  readonly path: '/healthz' | '/readyz' | '/metrics'
  isSeen(answer: Answer): boolean
  /** The transition that is to be journaled; undefined where the manager, which would journal it, is what has failed. */
  readonly transition: { readonly component: string; readonly newStatus: string } | undefined
}

export interface DetectionCase {
  readonly name: string
  /** One for each way to find out: by the loop's beats, an exit, a deadline, progress, the supervisor. */
  readonly isQuick?: boolean
  readonly args: readonly string[]
  readonly expectations: readonly Expectation[]
}

const AT = '3s'

function componentIn(answer: Answer, name: string): Component | undefined {
  return verdictIn(answer).components[name]
}

function shown(
  component: string,
  newStatus: string,
  message: string,
  threshold: string,
  path: '/healthz' | '/readyz' = '/healthz',
): Expectation {
  return {
    verdict: `\`${component}\` ${newStatus}`,
    threshold,
    path,
    isSeen: (answer) => {
      const { status, message: said = '' } = componentIn(answer, component) ?? { status: '' }
      return status === newStatus && said.includes(message)
    },
    transition: { component, newStatus },
  }
}

function blocked(name: string, kind: string, isQuick = false): DetectionCase {
  const where = `"the fault ${kind}"`
  const wedged = shown('event_loop', 'unhealthy', where, '`wedgedMs` 10 s')
  return {
    name,
    isQuick,
    args: ['--fault', `${kind}=13s@${AT}`],
    expectations: [
      shown('event_loop', 'degraded', where, '`lateMs` 500 ms'),
      {
        ...wedged,
        verdict: `${wedged.verdict}, \`/healthz\` 503`,
        isSeen: (answer) => answer.code === 503 && wedged.isSeen(answer),
      },
    ],
  }
}

const breaker = shown('sample_sink', 'unhealthy', 'Circuit breaker open', '', '/readyz')
const silent = shown('collector_cpu', 'unhealthy', 'no update for', '`deadlineMs` 5 s')

export const CASES: readonly DetectionCase[] = [
  blocked('main blocked by a loop', 'block-main'),
  blocked('main blocked by a regular expression', 'regex'),
  // The one that leaves the cores to whoever else needs them.
  blocked('main blocked by `Atomics.wait`', 'wait', true),
  blocked('main blocked by native crypto', 'crypto'),
  {
    name: 'collector worker killed',
    isQuick: true,
    args: ['--fault', `kill-collector@${AT}`],
    expectations: [shown('collector_cpu', 'unhealthy', 'exit', 'at once')],
  },
  {
    name: 'writer hung',
    isQuick: true,
    args: ['--fault', `hang-collector=8s@${AT}`],
    expectations: [silent],
  },
  {
    name: 'sink stalled',
    isQuick: true,
    // The queue has room for more than what comes meanwhile, so it is not for its being full that it is unwell.
    args: ['--rate', '100', '--fault', `stall-sink=8s@${AT}`],
    expectations: [
      shown('buffer_queue', 'degraded', 'input moved by', '`stallMs` 2 s'),
      {
        ...breaker,
        verdict: `${breaker.verdict}, \`/readyz\` 503`,
        threshold: "the sink's own: 5 × 500 ms",
        isSeen: (answer) => answer.code === 503 && breaker.isSeen(answer),
      },
    ],
  },
  {
    name: 'manager killed',
    isQuick: true,
    args: ['--fault', `kill-manager@${AT}`],
    expectations: [
      {
        verdict: 'restarted, as `/metrics` tells',
        threshold: 'at once',
        path: '/metrics',
        isSeen: ({ text }) => /^health_actor_restarts_total\{actor="manager"\} 1$/m.test(text),
        transition: undefined,
      },
    ],
  },
  {
    name: 'manager killed while main is blocked, so that nobody restarts it',
    args: ['--fault', `kill-manager@${AT}`, '--fault', `block-main=8s@${AT}`],
    expectations: [
      {
        ...shown('health_runtime', 'degraded', '', 'no sign of life for 5 s'),
        transition: undefined,
      },
    ],
  },
  {
    name: 'probe of a dead component: writer hung, manager killed, main blocked',
    args: [
      ...['--fault', `hang-collector=9s@${AT}`],
      ...['--fault', `kill-manager@${AT}`, '--fault', `block-main=9s@${AT}`],
    ],
    expectations: [{ ...silent, transition: undefined }],
  },
]
