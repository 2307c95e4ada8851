// gRPC clients that mean no good. Meanwhile HTTP probes are answered in time and gRPC probes are answered, nothing crashes,
// connections and memory come back, and the server stops when it is told to.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, type TestContext, test } from 'node:test'
import { GrpcClient } from '../contract/support/grpc-client.js'
import {
  CHECK,
  END_HEADERS,
  END_STREAM,
  Frame,
  FrameConnection,
  frame,
  message,
  request,
} from '../contract/support/grpc-frames.js'
import { transports } from '../e2e/transports.js'
import {
  assertInTime,
  attack,
  descriptorLimit,
  legible,
  MAX_GROWN_BYTES,
  MAX_UNDER_ATTACK_BYTES,
  PROBES,
  timeProbes,
} from './support/abuse.js'
import { probe } from './support/kubelet.js'
import { ProbeProcess } from './support/probe-process.js'

const ABUSER = './grpc-abuser-program.js'
const GRPC_PROBES = 20
/** As long as a kubelet waits by default: a check comes in between those of an attacker, not behind all of them. */
const MAX_GRPC_MEDIAN_MS = 1_000

/** Kinds, connections, and what each of these does. */
const attacks = [
  ['calls', 20, 'have 100 calls in flight'],
  ['half-open', 5, 'have 100 calls without a request'],
  ['watches', 20, 'watch 100 times'],
  ['metadata', 8, 'send 128 KiB of headers'],
  ['resets', 8, 'reset all that they ask for'],
  ['idle', 1_000, 'do nothing'],
] as const

const SERVING = message(Buffer.from([0x08, 0x01]))

/** A check as a kubelet makes it: on a connection of its own, which it resets then. */
async function check(t: TestContext, port: number): Promise<void> {
  const connection = await FrameConnection.open(t, port)
  const headers = request(CHECK, { 'user-agent': 'kube-probe/1.31 grpc-go/1.65.0' })
  connection.start(
    frame(Frame.Headers, END_HEADERS, 1, headers),
    frame(Frame.Data, END_STREAM, 1, message()),
  )
  const answer = await connection.next(Frame.Data)
  assert.deepEqual(answer?.payload, SERVING)
  const closed = once(connection.socket, 'close')
  connection.socket.resetAndDestroy()
  await closed
}

async function probeHttp(port: number): Promise<void> {
  assert.equal((await probe(port, '/healthz')).code, 200)
}

for (const transport of transports) {
  describe(`abuse of gRPC beside ${transport}`, () => {
    let program: ProbeProcess
    let control: ProbeProcess
    let rssBefore: number
    let socketsBefore: number | undefined

    before(async () => {
      const limits = { maxConnections: 2_048 }
      program = await ProbeProcess.start(transport, { limits, grpc: { port: 0 } })
      control = await ProbeProcess.start(transport, { grpc: { port: 0 } })
      socketsBefore = program.socketCount()
      for (let i = 0; i < PROBES; i++) await probeHttp(program.port)
      rssBefore = await program.rss()
    })
    after(() => {
      program.kill()
      control.kill()
    })

    for (const [kind, count, what] of attacks) {
      const needed = count + 200
      const skip = descriptorLimit() < needed && `needs ulimit -n ${needed}`
      test(`others are answered while ${count} connections ${what}`, { skip }, async (t) => {
        const end = await attack(t, ABUSER, program.grpcPort, kind, count)
        const waits = await timeProbes(
          PROBES,
          () => probeHttp(program.port),
          () => probeHttp(control.port),
        )
        const grpcWaits = await timeProbes(
          GRPC_PROBES,
          () => check(t, program.grpcPort),
          () => check(t, control.grpcPort),
        )
        const rss = await program.rss()
        await end()
        t.diagnostic(`HTTP ${legible(waits)}`)
        t.diagnostic(`gRPC ${legible(grpcWaits)}`)
        t.diagnostic(`${(rss / 2 ** 20).toFixed(0)} MB`)
        assertInTime(waits, ['median', 'p95'])
        assert.ok(grpcWaits.attacked.median < MAX_GRPC_MEDIAN_MS, legible(grpcWaits))
        assert.ok(rss < MAX_UNDER_ATTACK_BYTES, `${rss} bytes`)
      })
    }

    test('nothing has crashed, and connections and memory have come back', async (t) => {
      await check(t, program.grpcPort)
      const until = performance.now() + 30_000
      let grownBytes: number
      let socketCount: number | undefined
      do {
        // V8 collects nothing while nothing is asked of it.
        for (let i = 0; i < 100; i++) await probeHttp(program.port)
        for (let i = 0; i < 100; i++) await check(t, program.grpcPort)
        grownBytes = (await program.rss()) - rssBefore
        socketCount = program.socketCount()
      } while (
        (grownBytes >= MAX_GROWN_BYTES || socketCount !== socketsBefore) &&
        performance.now() < until
      )
      t.diagnostic(`grown by ${(grownBytes / 2 ** 20).toFixed(1)} MB`)
      assert.ok(grownBytes < MAX_GROWN_BYTES, `grown by ${grownBytes} bytes`)
      assert.equal(socketCount, socketsBefore)
      const metrics = await fetch(`http://127.0.0.1:${program.port}/metrics`)
      assert.match(await metrics.text(), /^health_actor_restarts_total\{actor="grpc"\} 0$/m)
      assert.deepEqual(await program.stop(), { code: 0, signal: null, stderr: '' })
    })

    test('a server that is flooded tells its watchers and stops', async (t) => {
      const flooded = await ProbeProcess.start(transport, { grpc: { port: 0 } })
      t.after(() => flooded.kill())
      const ends = [
        await attack(t, ABUSER, flooded.grpcPort, 'calls', 20),
        await attack(t, ABUSER, flooded.grpcPort, 'half-open', 5),
        await attack(t, ABUSER, flooded.grpcPort, 'resets', 8),
      ]
      const watch = new GrpcClient(t, flooded.grpcPort).watch('')
      assert.equal(await watch.next(), 'serving')
      const from = performance.now()
      // Rejected, its stop would be said on standard error, and end the program with another code.
      assert.deepEqual(await flooded.stop(), { code: 0, signal: null, stderr: '' })
      t.diagnostic(`stopped in ${(performance.now() - from).toFixed(0)} ms`)
      assert.deepEqual(watch.told, ['serving', 'not serving'])
      assert.equal(await watch.ended, 'UNAVAILABLE')
      const socket = connect(flooded.grpcPort, '127.0.0.1')
      const [error] = await once(socket, 'error')
      assert.equal((error as { code?: string }).code, 'ECONNREFUSED')
      for (const end of ends) await end()
    })
  })
}
