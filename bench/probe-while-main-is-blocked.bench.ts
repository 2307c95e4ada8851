// Probes of a program that is in trouble: its main loop blocked, its runtime saturated, its manager dead for good. Each
// server is in a process of its own, so that it is its own loop that is blocked.
import type { Blocking } from './blocking.js'
import { fetchBody } from './bodies.js'
import { check } from './fixtures.js'
import type { Bench, Environment } from './harness.js'
import { checkAnswers, type ProbeReport, probesWithin, type Rate } from './latency-load.js'
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

/** How long a turn lasts, in ms. */
function turnMs({ isQuick }: Environment): number {
  return isQuick ? 3_000 : 30_000
}

function rateOf(environment: Environment): Rate {
  return probesWithin(turnMs(environment), SPARE_MS, PER_SECOND)
}

/** Every probe is sent, and answered or given up, while the loop is blocked. */
async function probeBlocked({ environment, server, probe }: Turn, how: Blocking) {
  const { process, name } = server
  const { isBlocked } = await process.ask(`block ${how} ${turnMs(environment)}`)
  check(isBlocked === true, `${name} did not block its loop`)
  let isFree = false
  const freed = process.tryNext().then((reply) => {
    isFree = true
    return reply
  })
  let report: ProbeReport | undefined
  try {
    report = await probe(rateOf(environment))
    check(!isFree, `the loop of ${name} was free before the last probe was over`)
  } finally {
    const reply = await freed
    check(reply?.isFree === true, `${name} did not come back from its block`)
  }
  checkAnswers(name, report)
  return report
}

/** What was told long before the trouble is still what is answered, and no read was answered with less. */
async function verifyUnchanged(server: Server): Promise<string[]> {
  const body = await fetchBody(server.port, server.path)
  const { status, components } = JSON.parse(body) as { status: string; components: object }
  check(status === 'healthy', `${server.name} is ${status}`)
  check(Object.keys(components).length === COMPONENTS, `${server.name} lost components: ${body}`)
  return []
}

async function verifySaturated({ name, process }: Server): Promise<string[]> {
  const { told = 0, transitions = 0 } = await process.ask('hush')
  check(told > 0 && transitions > 0, `${name}: nobody reported, told=${told}`)
  return [`${name}: ${told} updates were told meanwhile`]
}

async function verifyManagerDead(server: Server): Promise<string[]> {
  const body = await fetchBody(server.port, server.path)
  check(/"health_runtime":\{"status":"degraded"/.test(body), `the manager is alive: ${body}`)
  check(!body.includes('never applied'), `somebody has applied an update: ${body}`)
  return []
}

export const probeWhileBlocked: readonly Bench[] = [
  {
    name: 'probe-while-main-is-blocked',
    title: 'GET /healthz while a busy loop blocks the main thread',
    unit: 'µs',
    target: LIMIT,
    isOfEvents: true,
    samples: { full: 1, quick: 1 },
    open: (environment) =>
      openLatencies(environment, {
        count: COMPONENTS,
        hasPeers: true,
        warmUp: WARM_UP,
        sample: (turn) => probeBlocked(turn, 'loop'),
        verify: verifyUnchanged,
      }),
  },
  {
    name: 'probe-while-regex-backtracks',
    title: 'GET /healthz while a catastrophic regular expression blocks the main thread',
    unit: 'µs',
    target: LIMIT,
    isLong: true,
    isOfEvents: true,
    samples: { full: 1, quick: 1 },
    open: (environment) =>
      openLatencies(environment, {
        count: COMPONENTS,
        hasPeers: false,
        warmUp: WARM_UP,
        sample: (turn) => probeBlocked(turn, 'regex'),
        verify: verifyUnchanged,
      }),
  },
  {
    name: 'probe-while-producers-saturate',
    title: `GET /healthz while ${PRODUCERS} producers report without pause`,
    unit: 'µs',
    isLong: true,
    isOfEvents: true,
    samples: { full: 1, quick: 1 },
    open: (environment) =>
      openLatencies(environment, {
        count: COMPONENTS,
        hasPeers: false,
        warmUp: WARM_UP,
        async sample({ environment, server, probe }) {
          await server.process.ask(`produce ${PRODUCERS}`)
          const report = await probe(rateOf(environment))
          const { codes } = report
          check(
            codes.every((code) => code === 200),
            `${server.name} answered with codes=${codes}`,
          )
          return report
        },
        verify: verifySaturated,
      }),
  },
  {
    name: 'probe-while-manager-is-dead',
    title: 'GET /healthz after the manager died for good, with an update that is never applied',
    unit: 'µs',
    isLong: true,
    isOfEvents: true,
    samples: { full: 1, quick: 1 },
    open: (environment) =>
      openLatencies(environment, {
        count: COMPONENTS,
        hasPeers: false,
        warmUp: WARM_UP,
        async prepare({ process }) {
          await process.ask('kill')
        },
        async sample({ environment, server, probe }) {
          const report = await probe(rateOf(environment))
          checkAnswers(server.name, report)
          return report
        },
        verify: verifyManagerDead,
      }),
  },
]
