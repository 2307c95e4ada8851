// A heartbeat as it goes over the socket: its frames, its compression, and its fields as a tool that knows nothing of this package reads
// them.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import {
  buildHeartbeatRequest,
  FleetReceiver,
  HeartbeatReporter,
  OperatorType,
} from '../../src/heartbeat/index.js'
import { encodeReportHealth } from '../../src/heartbeat/wire.js'
import type { HealthManager } from '../../src/index.js'
import { PREFACE } from './support/grpc-frames.js'
import { RecordingProxy } from './support/recording-proxy.js'
import { startRuntime } from './support/runtime.js'

const DATA_FRAME = 0
const FRAME_HEADER_BYTES = 9
const GRPC_PREFIX_BYTES = 5
const startTime = new Date(1_767_225_600_500)

/** All that the client has sent in frames of data. */
function dataIn(sent: Buffer): Buffer {
  const parts: Buffer[] = []
  for (let at = PREFACE.length; at + FRAME_HEADER_BYTES <= sent.length; ) {
    const length = sent.readUIntBE(at, 3)
    const end = at + FRAME_HEADER_BYTES + length
    if (sent[at + 3] === DATA_FRAME) parts.push(sent.subarray(at + FRAME_HEADER_BYTES, end))
    at = end
  }
  return Buffer.concat(parts)
}

/** The first heartbeat of a runtime, out of the bytes on the socket. */
async function capture(t: TestContext, health: HealthManager) {
  const receiver = new FleetReceiver({ httpPort: null })
  const { port } = await receiver.start()
  t.after(() => receiver.stop())
  const proxy = await RecordingProxy.start(t, port)
  const reporter = new HeartbeatReporter(health, {
    url: `http://127.0.0.1:${proxy.port}`,
    token: 'a-token',
    clusterId: 'unknown',
    version: '0.0.77',
    commit: 'c438fc2',
    startTime,
    component: null,
    finalTimeoutMs: 0,
  })
  const sent = new Promise((resolve) => reporter.on('sent', resolve))
  await reporter.start()
  await sent
  await reporter.stop()
  const data = dataIn(proxy.sent)
  const length = data.readUInt32BE(1)
  assert.equal(data.length, GRPC_PREFIX_BYTES + length)
  return { flag: data[0], bytes: data.subarray(GRPC_PREFIX_BYTES) }
}

const expectedOf = (health: HealthManager) =>
  Buffer.from(
    encodeReportHealth(
      buildHeartbeatRequest(health, 'unknown', OperatorType.Read, '0.0.77', 'c438fc2', startTime),
    ),
  )

test('a heartbeat of less than 1,024 bytes goes as it is', async (t) => {
  const health = await startRuntime(t)
  health.register('collector_manager').healthy('5 collectors started', { collector_count: '5' })
  const { flag, bytes } = await capture(t, health)
  assert.equal(flag, 0)
  assert.deepEqual(bytes, expectedOf(health))
})

test('a larger one goes compressed', async (t) => {
  const health = await startRuntime(t)
  health.register('collector_manager').healthy('x'.repeat(2_000))
  const { flag, bytes } = await capture(t, health)
  assert.equal(flag, 1)
  assert.ok(bytes.length < 500)
  assert.deepEqual(gunzipSync(bytes), expectedOf(health))
})

const protoc = spawnSync('protoc', ['--version'])
const decoding =
  protoc.status === 0 ? {} : { skip: 'protoc is not installed (protobuf-compiler of Debian)' }

/** What only the numbers of fields are known of. */
const RAW = `\
1: "unknown"
2: 1
3: "0.0.77"
4: 2
5 {
  1: "collector_manager"
  2: 1
  3: "5 collectors started"
  4 {
    1: "collector_count"
    2: "5"
  }
}
5 {
  1: "dakr_transport"
  2: 2
  3: "1 consecutive failures"
}
6 {
  1: 1767225600
  2: 500000000
}
7: "c438fc2"
`

test(
  'protoc reads the fields of the contract from the bytes on the socket',
  decoding,
  async (t) => {
    const health = await startRuntime(t)
    health.register('collector_manager').healthy('5 collectors started', { collector_count: '5' })
    health.register('dakr_transport').degraded('1 consecutive failures')
    const { bytes } = await capture(t, health)
    assert.equal(execFileSync('protoc', ['--decode_raw'], { input: bytes, encoding: 'utf8' }), RAW)
  },
)
