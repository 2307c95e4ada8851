// Heartbeats of any kind: what programs may report, and what anybody may send to a receiver.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Fleet } from '../../src/heartbeat/fleet.js'
import { checkedReportHealth } from '../../src/heartbeat/fleet-check.js'
import { renderFleetPage } from '../../src/heartbeat/fleet-page.js'
import { buildHeartbeatRequestFromReport } from '../../src/heartbeat/request.js'
import { decodeReportHealth, encodeReportHealth } from '../../src/heartbeat/wire.js'
import { HealthError } from '../../src/model/errors.js'
import { FakeClock } from '../unit/heartbeat-support.js'
import { anyMetadata, anyText, check } from './support.js'

const anyReport = fc
  .array(
    fc.tuple(
      anyText(6),
      fc.record({
        status: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.double()),
        message: anyText(12),
        metadata: anyMetadata(),
      }),
    ),
    { maxLength: 6 },
  )
  .map((items) => new Map(items))
const anyTimestamp = fc.record({
  seconds: fc.integer({ min: -62_135_596_800, max: 253_402_300_799 }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
})
const anyRequest = fc
  .tuple(anyReport, anyText(6), fc.integer({ min: 0, max: 7 }), anyText(6), anyTimestamp)
  .map(([report, text, operatorType, version, startTime]) =>
    buildHeartbeatRequestFromReport(report, text, operatorType as 0, version, text, startTime),
  )

test('what is built comes out of the bytes as it went in', () => {
  check(
    fc.property(anyRequest, (request) => {
      assert.deepEqual(decodeReportHealth(encodeReportHealth(request)), request)
      const names = request.components.map(({ name }) => Buffer.from(name))
      assert.deepEqual(
        names,
        names.toSorted((a, b) => Buffer.compare(a, b)),
      )
    }),
    500,
  )
})

/** A heartbeat of which some bytes are others, or any bytes. */
const anyBytes = fc.oneof(
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(anyRequest, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 4 }))
      .map(([request, changes]) => {
        const bytes = encodeReportHealth({ ...request, clusterId: 'c' })
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value
        return bytes
      }),
  },
)

test('whatever comes is refused with a reason, or can be shown', () => {
  const limits = { intervalMs: 1, absentAfter: 1, maxMembers: 4, maxBytes: 2 ** 20 }
  let keptCount = 0
  check(
    fc.property(anyBytes, (bytes) => {
      const fleet = new Fleet(new FakeClock(), limits)
      try {
        assert.equal(fleet.keep(checkedReportHealth(bytes), bytes, ''), true)
      } catch (error) {
        assert.ok(error instanceof HealthError && error.code === 'ERR_HEALTH_ARGUMENT')
        return
      }
      keptCount++
      const members = [...fleet.members()]
      assert.equal(JSON.parse(JSON.stringify(members)).length, 1)
      const page = [...renderFleetPage(fleet.counts(), members, new Date(0))].join('')
      assert.ok(page.endsWith('</html>\n'))
    }),
    2_000,
  )
  assert.ok(keptCount > 100, 'enough of them are heartbeats')
})
