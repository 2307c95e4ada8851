// Probes of a program that is in trouble: its main loop blocked, its runtime saturated, its manager dead for good. Each
// server is in a process of its own, so that it is its own loop that is blocked.
import type { Blocking } from './blocking.js'
import { fetchBody } from './bodies.js'
import { check, NEVER_APPLIED } from './fixtures.js'
import type { Bench } from './harness.js'
import {
  checkAnswers,
  checkCodes,
  type ProbeReport,
  probesWithin,
  type Rate,
} from './latency-load.js'
import { openLatencies, type Turn } from './latency-subjects.js'
import type { Server } from './server-process.js'

const COMPONENTS = 10
const PER_SECOND = 350
/** Between the start of the block and the first probe, and between the last timeout and the block's end. */
const SPARE_MS = 400
const WARM_UP: Rate = { perSecond: PER_SECOND, count: 100 }
const LIMIT = { p999AtMost: 5000 }
/** Producers enough to keep the manager busy all the time. */
const PRODUCERS = 2
/** How long a turn of a quick run lasts, in ms: one of ours has the probes that a tail is told of. */
const QUICK_MS = { ours: 3_000, peer: 2_000 }

function rateOf(durationMs: number): Rate {
  return probesWithin(durationMs, SPARE_MS, PER_SECOND)
}

/** Every probe is sent, and answered or given up, while the loop is blocked. */
async function probeBlocked({ server, isOurs, probe }: Turn, how: Blocking, durationMs: number) {
  const { process, name } = server
  const { isBlocked } = await process.ask(`block ${how} ${durationMs}`)
  check(isBlocked === true, `${name} did not block its loop`)
  let isFree = false
  const freed = process.tryNext().then((reply) => {
    isFree = true
    return reply
  })
  let report: ProbeReport | undefined
  try {
    report = await probe(rateOf(durationMs))
    check(!isFree, `the loop of ${name} was free before the last probe was over`)
  } finally {
    const reply = await freed
    check(reply?.isFree === true, `${name} did not come back from its block`)
  }
  checkAnswers(name, report)
  if (isOurs) await verifyUnchanged(server)
  return report
}

/** Ours answers while threads of its program report as fast as they can. */
async function probeSaturated({ server, probe }: Turn, durationMs: number): Promise<ProbeReport> {
  const { name, process } = server
  await process.ask(`produce ${PRODUCERS}`)
  let report: ProbeReport | undefined
  try {
    report = await probe(rateOf(durationMs))
  } finally {
    const { told = 0, transitions = 0 } = await process.ask('hush')
    check(told > 0 && transitions > 0, `nobody reported to ${name}: told=${told}`)
  }
  // No two answers are the same, but for the code.
  checkCodes(name, report)
  return report
}

/** The manager stays dead, with an update in a mailbox that each read would have to wait for. */
async function probeWithoutManager({ server, probe }: Turn, durationMs: number) {
  const report = await probe(rateOf(durationMs))
  const { name, process } = server
  checkAnswers(name, report)
  const body = await fetchBody(server.port, server.path)
  check(body.includes('"health_runtime":{"status":"degraded"'), `the manager of ${name} is alive`)
  check(!body.includes(NEVER_APPLIED), `${name} has applied an update without a manager`)
  const { staleReads = 0 } = await process.ask('count')
  check(staleReads >= report.microseconds.length, `${name}: staleReads=${staleReads}`)
  return report
}

/** What was told before the trouble is what is answered after it, and no read was answered with less. */
async function verifyUnchanged({ name, port, path, process }: Server): Promise<void> {
  const body = await fetchBody(port, path)
  const { status, components } = JSON.parse(body) as { status: string; components: object }
  check(status === 'healthy', `${name} is ${status}`)
  check(Object.keys(components).length === COMPONENTS, `${name} lost components: ${body}`)
  const { staleReads } = await process.ask('count')
  check(staleReads === 0, `${name}: staleReads=${staleReads}`)
}

type Trouble = Pick<Bench, 'name' | 'title' | 'target' | 'isLong'> & {
  /** How long a turn of the full run lasts, in ms. */
  readonly fullMs: number
  readonly hasPeers?: boolean
  prepare?(server: Server): Promise<void>
  sample(turn: Turn, durationMs: number): Promise<ProbeReport>
}

/** One sample is one stretch of trouble. */
function benchOf({ fullMs, hasPeers = false, prepare, sample, ...bench }: Trouble): Bench {
  return {
    ...bench,
    unit: 'µs',
    isOfEvents: true,
    samples: { full: 1, quick: 1 },
    open: (environment) =>
      openLatencies(environment, {
        count: COMPONENTS,
        hasPeers,
        warmUp: WARM_UP,
        ...(prepare && { prepare }),
        sample: (turn) => {
          const quickMs = turn.isOurs ? QUICK_MS.ours : QUICK_MS.peer
          return sample(turn, environment.isQuick ? quickMs : fullMs)
        },
      }),
  }
}

export const probeWhileBlocked: readonly Bench[] = [
  benchOf({
    name: 'probe-while-main-is-blocked',
    title: 'GET /healthz while a busy loop blocks the main thread',
    target: LIMIT,
    fullMs: 30_000,
    hasPeers: true,
    sample: (turn, durationMs) => probeBlocked(turn, 'loop', durationMs),
  }),
  benchOf({
    name: 'probe-while-regex-backtracks',
    title: 'GET /healthz while a catastrophic regular expression blocks the main thread',
    target: LIMIT,
    isLong: true,
    fullMs: 15_000,
    sample: (turn, durationMs) => probeBlocked(turn, 'regex', durationMs),
  }),
  benchOf({
    name: 'probe-while-producers-saturate',
    title: `GET /healthz while ${PRODUCERS} producers report without pause`,
    isLong: true,
    fullMs: 15_000,
    sample: probeSaturated,
  }),
  benchOf({
    name: 'probe-while-manager-is-dead',
    title: 'GET /healthz after the manager died for good, with an update that is never applied',
    isLong: true,
    fullMs: 15_000,
    async prepare({ process }) {
      await process.ask('kill')
    },
    sample: probeWithoutManager,
  }),
]
