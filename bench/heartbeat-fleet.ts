// Many reporters against one receiver: whether every heartbeat arrives, and what that takes. Not a part of `npm run bench`, as it has no
// peer: node dist/bench/heartbeat-fleet.js [--reporters 1000] [--seconds 60] [--interval-ms 15000].
//
// The receiver is a process of its own. The reporters' loops, each with a connection of its own, share one process: a thread
// each, as in the programs that they stand for, would measure the threads of this machine.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/heartbeat/clock.js'
import { GrpcTransport } from '../src/heartbeat/grpc-transport.js'
import { HeartbeatLoop } from '../src/heartbeat/heartbeat-loop.js'
import { FleetReceiver } from '../src/heartbeat/index.js'
import { OperatorType } from '../src/heartbeat/operator-type.js'
import { buildHeartbeatRequestFromReport } from '../src/heartbeat/request.js'

const COMPONENT_COUNT = 10

interface ReceiverFigures {
  readonly received: number
  readonly members: number
  readonly absent: number
  readonly rssMib: number
  readonly cpuMs: number
}

const { values } = parseArgs({
  options: {
    receiver: { type: 'boolean' },
    reporters: { type: 'string', default: '1000' },
    seconds: { type: 'string', default: '60' },
    'interval-ms': { type: 'string', default: '15000' },
  },
})
const intervalMs = Number(values['interval-ms'])

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
const cpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

/** The other process: says its URL, and answers each message with its figures. */
async function receive(): Promise<void> {
  const receiver = new FleetReceiver({ intervalMs })
  let received = 0
  receiver.on('heartbeat', () => received++)
  const { url } = await receiver.start()
  process.on('message', () => {
    const rssMib = mebibytes(process.memoryUsage.rss())
    const cpu = cpuMs()
    const members = receiver.members()
    const absent = members.filter(({ isAbsent }) => isAbsent).length
    process.send?.({ received, members: members.length, absent, rssMib, cpuMs: cpu })
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ url })
}

async function ask(receiver: ChildProcess): Promise<ReceiverFigures> {
  receiver.send('figures')
  return (await once(receiver, 'message'))[0] as ReceiverFigures
}

function createReporter(index: number, url: string) {
  const sender = { client: 'zxporter', version: '1.2.3', commit: 'abc' }
  const transport = new GrpcTransport({ ...sender, url, token: 't', tokenFile: undefined, tls: {} })
  const names = Array.from({ length: COMPONENT_COUNT }, (_, i) => `component_${i}`)
  const status = { status: 1, message: 'as it should be', metadata: { key: 'value' } }
  const report = new Map(names.map((name) => [name, status]))
  const { version, commit } = sender
  const start = new Date()
  const { Read } = OperatorType
  const counts = { sent: 0, failed: 0 }
  const loop = new HeartbeatLoop({
    operatorType: () => Read,
    build: async () =>
      buildHeartbeatRequestFromReport(report, `cluster-${index}`, Read, version, commit, start),
    transport,
    clock: systemClock,
    intervalMs,
    jitterMs: intervalMs / 10,
    resendDelayMs: 5_000,
    attemptTimeoutMs: 10_000,
    buildTimeoutMs: 20_000,
    random: Math.random,
    onSent: () => counts.sent++,
    onError: () => counts.failed++,
    onOutcome: () => {},
  })
  return { loop, transport, counts }
}

async function measure(count: number, seconds: number): Promise<void> {
  const receiver = fork(fileURLToPath(import.meta.url), [
    '--receiver',
    '--interval-ms',
    String(intervalMs),
  ])
  const [{ url }] = (await once(receiver, 'message')) as [{ url: string }]
  const idle = await ask(receiver)
  const rssBefore = process.memoryUsage.rss()
  const reporters = Array.from({ length: count }, (_, i) => createReporter(i, url))
  const startMs = performance.now()
  const cpuBefore = cpuMs()
  // Programs of a fleet start when they start.
  const spreadMs = Math.min(intervalMs, seconds * 500)
  for (const { loop } of reporters) {
    loop.start()
    await delay(Math.random() * (spreadMs / count) * 2)
  }
  await delay(Math.max(0, seconds * 1_000 - (performance.now() - startMs)))
  await Promise.all(reporters.map(({ loop }) => loop.stop(10_000)))
  const figures = await ask(receiver)
  const sum = (name: 'sent' | 'failed') =>
    reporters.reduce((total, { counts }) => total + counts[name], 0)
  const elapsedSeconds = (performance.now() - startMs) / 1_000
  const receiverCpuMs = figures.cpuMs - idle.cpuMs
  console.log(
    JSON.stringify({
      reporters: count,
      elapsedSeconds: Math.round(elapsedSeconds),
      sent: sum('sent'),
      failedCalls: sum('failed'),
      received: figures.received,
      members: figures.members,
      absent: figures.absent,
      perSecond: Math.round(figures.received / elapsedSeconds),
      receiverRssMib: figures.rssMib,
      receiverIdleRssMib: idle.rssMib,
      receiverCpuPercent: Math.round(receiverCpuMs / elapsedSeconds / 10),
      receiverCpuMicrosecondsAHeartbeat: Math.round((receiverCpuMs * 1_000) / figures.received),
      reportersRssMib: mebibytes(process.memoryUsage.rss() - rssBefore),
      reportersCpuMicrosecondsAHeartbeat: Math.round(
        ((cpuMs() - cpuBefore) * 1_000) / figures.received,
      ),
    }),
  )
  for (const { transport } of reporters) transport.close()
  receiver.disconnect()
}

if (values.receiver) await receive()
else await measure(Number(values.reporters), Number(values.seconds))
