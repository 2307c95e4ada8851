// The bytes of a heartbeat: those of the control plane's own encoder, and the code that makes them is that of the contract.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { buildHeartbeatRequestFromReport, OperatorType } from '../../src/heartbeat/index.js'
import {
  decodeReportConnectorHealth,
  decodeReportHealth,
  decodeReportHealthResponse,
  encodeReportConnectorHealth,
  encodeReportHealth,
  encodeReportHealthResponse,
} from '../../src/heartbeat/wire.js'
import { temporaryFolder } from './support/certificates.js'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

const GOLDEN =
  '0a07756e6b6e6f776e10011a06302e302e373720022a410a11636f6c6c6563746f725f6d616e6167657210011a143520636f6c6c6563746f7273207374617274656422140a0f636f6c6c6563746f725f636f756e741201352a2a0a0e64616b725f7472616e73706f727410021a163120636f6e7365637574697665206661696c75726573320c0880f2d6ca061080cab5ee013a0763343338666332'

function goldenRequest() {
  const report = new Map([
    ['dakr_transport', { status: 2, message: '1 consecutive failures', metadata: undefined }],
    [
      'collector_manager',
      { status: 1, message: '5 collectors started', metadata: { collector_count: '5' } },
    ],
  ])
  const startTime = new Date(1_767_225_600_500)
  const { Read } = OperatorType
  return buildHeartbeatRequestFromReport(report, 'unknown', Read, '0.0.77', 'c438fc2', startTime)
}

test('a heartbeat has the bytes of the reference', () => {
  const bytes = encodeReportHealth(goldenRequest())
  assert.equal(bytes.length, 155)
  assert.equal(hex(bytes), GOLDEN)
})

test('the bytes of the reference are that heartbeat', () => {
  assert.deepEqual(decodeReportHealth(Buffer.from(GOLDEN, 'hex')), goldenRequest())
})

test("Go's zero time has the bytes of the reference", () => {
  const bytes = encodeReportHealth(
    buildHeartbeatRequestFromReport(null, '', 0, '', '', new Date(-62_135_596_800_000)),
  )
  assert.equal(hex(bytes), '320b088092b8c398feffffff01')
  assert.deepEqual(decodeReportHealth(bytes).uptimeSince, { seconds: -62_135_596_800, nanos: 0 })
})

test('a metadata key __proto__ goes over the wire and back', () => {
  const metadata = JSON.parse('{"__proto__":"x","constructor":"y"}')
  const report = new Map([['c', { status: 1, message: '', metadata }]])
  const request = buildHeartbeatRequestFromReport(report, 'c', 1, '', '', new Date(0))
  const decoded = decodeReportHealth(encodeReportHealth(request))
  assert.deepEqual(Object.entries(decoded.components[0]?.metadata ?? {}), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
})

test('collect_now is in the response', () => {
  assert.equal(hex(encodeReportHealthResponse(true)), '0801')
  assert.equal(hex(encodeReportHealthResponse(false)), '')
  assert.equal(decodeReportHealthResponse(Buffer.from('0801', 'hex')), true)
  // A control plane that knows nothing of it, and one that says more.
  assert.equal(decodeReportHealthResponse(new Uint8Array()), false)
  assert.equal(decodeReportHealthResponse(Buffer.from('12026869', 'hex')), false)
})

test('the health of connectors goes over the wire and back, an empty error too', () => {
  const request = {
    clusterId: 'c',
    statuses: [
      { connectorId: 'a', status: 'ok', checkedAt: { seconds: 5, nanos: 6 } },
      { connectorId: 'b', status: 'ok', error: '', checkedAt: { seconds: 0, nanos: 0 } },
    ],
  }
  const bytes = encodeReportConnectorHealth(request)
  assert.equal(hex(bytes), '0a0163120d0a016112026f6b2204080510061' + '20b0a016212026f6b1a002200')
  assert.deepEqual(decodeReportConnectorHealth(bytes), request)
})

for (const bytes of ['0aff', '2a05', '0affffffff0f', '32']) {
  test(`${bytes} is no heartbeat`, () => {
    assert.throws(() => decodeReportHealth(Buffer.from(bytes, 'hex')))
  })
}

test('the generated code is that of the proto files', (t) => {
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const folder = temporaryFolder((remove) => t.after(remove))
  execFileSync(process.execPath, [join(root, '.ci/generate-proto.mjs'), folder])
  const committed = join(root, 'src/heartbeat/generated')
  assert.deepEqual(readdirSync(folder).sort(), readdirSync(committed).sort())
  for (const file of readdirSync(folder)) {
    const expected = readFileSync(join(folder, file), 'utf8')
    assert.equal(readFileSync(join(committed, file), 'utf8'), expected, `${file}: npm run proto`)
  }
})
