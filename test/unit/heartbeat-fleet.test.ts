// What a receiver keeps of heartbeats, for how long, and what it takes for one.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Metadata, status } from '@grpc/grpc-js'
import { Fleet, type FleetMember } from '../../src/heartbeat/fleet.js'
import {
  checkedReportConnectorHealth,
  checkedReportHealth,
} from '../../src/heartbeat/fleet-check.js'
import { escapeHtml, renderFleetPage } from '../../src/heartbeat/fleet-page.js'
import { createFleetService } from '../../src/heartbeat/fleet-service.js'
import { listenForPages } from '../../src/heartbeat/fleet-web.js'
import { FleetReceiver, type FleetReceiverOptions } from '../../src/heartbeat/index.js'
import type { ReportHealthRequest } from '../../src/heartbeat/request.js'
import {
  encodeReportConnectorHealth,
  encodeReportHealth,
  encodeReportHealthResponse,
} from '../../src/heartbeat/wire.js'
import { FakeClock } from './heartbeat-support.js'

const LIMITS = { intervalMs: 15_000, absentAfter: 3, maxMembers: 3, maxBytes: 10_000 }

function requestOf(fields: Partial<ReportHealthRequest> = {}): ReportHealthRequest {
  return {
    clusterId: 'c',
    operatorType: 1,
    version: 'v',
    overallStatus: 1,
    components: [],
    uptimeSince: { seconds: 0, nanos: 0 },
    commit: '',
    ...fields,
  }
}

function rig(limits: Partial<typeof LIMITS> = {}) {
  const clock = new FakeClock()
  const fleet = new Fleet(clock, { ...LIMITS, ...limits })
  const keep = (fields: Partial<ReportHealthRequest> = {}) => {
    const request = requestOf(fields)
    return fleet.keep(request, encodeReportHealth(request), 'zxporter/1')
  }
  const shown = () =>
    [...fleet.members()].map(({ clusterId, operatorType }) => [clusterId, operatorType])
  return { clock, fleet, keep, shown }
}

test('the latest heartbeat of each cluster and operator is kept', async () => {
  const { clock, fleet, keep, shown } = rig()
  keep({ clusterId: 'b' })
  keep({ clusterId: 'a', operatorType: 3 })
  keep({ clusterId: 'a' })
  await clock.advance(5_000)
  const component = { name: 'n', status: 3, message: 'm', metadata: { k: 'v' } } as const
  keep({ clusterId: 'a', overallStatus: 3, components: [component] })
  assert.deepEqual(shown(), [
    ['a', 'read'],
    ['a', 'node'],
    ['b', 'read'],
  ])
  assert.deepEqual(structuredClone([...fleet.members()][0]), {
    clusterId: 'a',
    operatorType: 'read',
    status: 'unhealthy',
    isAbsent: false,
    lastSeen: '2026-01-01T00:00:05.000Z',
    heartbeats: 2,
    version: 'v',
    commit: '',
    uptimeSince: '1970-01-01T00:00:00.000Z',
    client: 'zxporter/1',
    components: [{ name: 'n', status: 'unhealthy', message: 'm', metadata: { k: 'v' } }],
  })
})

test('an operator that is silent for longer than three intervals is absent, until it is heard again', async () => {
  const { clock, fleet, keep } = rig()
  const isAbsent = () => [...fleet.members()][0]?.isAbsent
  keep()
  await clock.advance(45_000)
  assert.equal(isAbsent(), false)
  await clock.advance(1)
  assert.equal(isAbsent(), true)
  keep()
  assert.equal(isAbsent(), false)
})

test('there is no room for more than so many, unless some are absent', async () => {
  const { clock, keep, shown } = rig()
  for (const clusterId of ['a', 'b', 'c']) assert.equal(keep({ clusterId }), true)
  assert.equal(keep({ clusterId: 'd' }), false)
  await clock.advance(40_000)
  assert.equal(keep({ clusterId: 'a' }), true)
  await clock.advance(10_000)
  assert.equal(keep({ clusterId: 'd' }), true)
  assert.deepEqual(
    shown().map(([clusterId]) => clusterId),
    ['a', 'c', 'd'],
  )
})

test('a heartbeat that there are no bytes for leaves the one before', () => {
  const { fleet, keep } = rig({ maxBytes: 100 })
  keep({ version: 'small' })
  assert.equal(keep({ version: 'x'.repeat(100) }), false)
  assert.equal([...fleet.members()][0]?.version, 'small')
  assert.equal(keep({ version: 'x'.repeat(80) }), true)
  assert.equal(keep({ clusterId: 'another', version: 'x'.repeat(20) }), false)
})

test('one whose heartbeat was refused makes room when it is its turn', async () => {
  const { clock, keep, shown } = rig({ maxMembers: 2, maxBytes: 100 })
  keep({ clusterId: 'a' })
  await clock.advance(5_000)
  keep({ clusterId: 'b' })
  assert.equal(keep({ clusterId: 'a', version: 'x'.repeat(100) }), false)
  await clock.advance(41_000)
  assert.equal(keep({ clusterId: 'c' }), true)
  assert.deepEqual(
    shown().map(([clusterId]) => clusterId),
    ['b', 'c'],
  )
})

test('a collection that was asked for waits for a heartbeat that there is room for', () => {
  const { fleet, keep } = rig({ maxBytes: 100 })
  const { ReportHealth } = createFleetService({ fleet, token: undefined, onHeartbeat: () => {} })
  /** The answer, or the code of the refusal. */
  const report = (version: string) => {
    let outcome: unknown
    const call = { request: encodeReportHealth(requestOf({ version })), metadata: new Metadata() }
    const callback = (error: { code: number } | null, response?: Uint8Array) => {
      outcome = error?.code ?? response
    }
    ;(ReportHealth as unknown as (...parameters: unknown[]) => void)(call, callback)
    return outcome
  }
  keep()
  fleet.requestCollection()
  assert.equal(report('x'.repeat(100)), status.RESOURCE_EXHAUSTED)
  assert.deepEqual(report('v'), encodeReportHealthResponse(true))
  assert.deepEqual(report('v'), encodeReportHealthResponse(false))
})

test('a collection is asked for once of each operator of the cluster', () => {
  const { fleet, keep } = rig()
  const one = requestOf({ clusterId: 'a' })
  const other = requestOf({ clusterId: 'a\u00001' })
  for (const request of [one, other]) keep(request)
  fleet.requestCollection('a')
  assert.equal(fleet.takeCollection(other), false)
  assert.equal(fleet.takeCollection(one), true)
  assert.equal(fleet.takeCollection(one), false)
  fleet.requestCollection()
  assert.equal(fleet.takeCollection(other), true)
})

const component = (name: string) => ({ name, status: 1, message: '', metadata: {} }) as const

describe('is no heartbeat:', () => {
  for (const [what, fields] of [
    ['one without a cluster', { clusterId: '' }],
    ['one of a cluster with a long name', { clusterId: 'x'.repeat(256) }],
    ['one with a long version', { version: 'x'.repeat(256) }],
    ['one of a component without a name', { components: [component('')] }],
    ['one with two components of a name', { components: [component('a'), component('a')] }],
    ['one of the year 10000', { uptimeSince: { seconds: 253_402_300_800, nanos: 0 } }],
    ['one of no nanosecond', { uptimeSince: { seconds: 0, nanos: -1 } }],
    ['one of 10,001', { components: Array.from({ length: 10_001 }, (_, i) => component(`${i}`)) }],
  ] as const) {
    test(what, () => {
      const bytes = encodeReportHealth(requestOf(fields))
      assert.throws(() => checkedReportHealth(bytes), { code: 'ERR_HEALTH_ARGUMENT' })
    })
  }

  test('bytes that are none', () => {
    for (const check of [checkedReportHealth, checkedReportConnectorHealth]) {
      assert.throws(() => check(Buffer.from('0aff', 'hex')), { code: 'ERR_HEALTH_ARGUMENT' })
    }
  })

  test('the health of a connector without a name', () => {
    const statuses = [{ connectorId: '', status: '', checkedAt: { seconds: 0, nanos: 0 } }]
    const bytes = encodeReportConnectorHealth({ clusterId: 'c', statuses })
    assert.throws(() => checkedReportConnectorHealth(bytes), { code: 'ERR_HEALTH_ARGUMENT' })
  })
})

test('a status of tomorrow is unspecified today', () => {
  // operator_type 9, overall_status 7, and a component of status 12.
  const bytes = Buffer.from('0a0163' + '1009' + '2007' + '2a050a016e100c' + '3200', 'hex')
  const { operatorType, overallStatus, components } = checkedReportHealth(bytes)
  assert.deepEqual([operatorType, overallStatus, components[0]?.status], [0, 0, 0])
})

const evil = `<script>'"&</script>`
const member: FleetMember = {
  clusterId: evil,
  operatorType: 'read',
  status: 'healthy',
  isAbsent: true,
  lastSeen: evil,
  heartbeats: 1,
  version: evil,
  commit: evil,
  uptimeSince: evil,
  client: evil,
  components: [{ name: evil, status: 'degraded', message: evil, metadata: { [evil]: evil } }],
}

test('nothing that came over the network is markup on the page', () => {
  const page = [...renderFleetPage({ operators: 1, absent: 1 }, [member], new Date(0))].join('')
  assert.ok(!page.includes('<script'))
  assert.equal(page.split(escapeHtml(evil)).length - 1, 10)
  assert.equal(escapeHtml(evil), '&lt;script&gt;&#39;&quot;&amp;&lt;/script&gt;')
})

/** A server of a fleet whose page never ends; whoever wanted all of it before the first byte would never be done. */
async function serveEndless(t: TestContext) {
  let end = () => {}
  const hasEnded = new Promise<void>((resolve) => {
    end = resolve
  })
  function* endless(): Generator<FleetMember> {
    try {
      for (;;) yield member
    } finally {
      end()
    }
  }
  const fleet = { counts: () => ({ operators: 1, absent: 0 }), members: endless }
  const server = await listenForPages(fleet as unknown as Fleet, '127.0.0.1', 0)
  t.after(() => server.close())
  return { port: (server.address() as AddressInfo).port, hasEnded }
}

for (const path of ['/', '/fleet.json']) {
  test(`${path} is made as fast as it is read, and no longer than that`, async (t) => {
    const { port, hasEnded } = await serveEndless(t)
    const response = await new Promise<IncomingMessage>((resolve) =>
      get({ host: '127.0.0.1', port, path, agent: false }, resolve),
    )
    let bytes = 0
    for await (const chunk of response) {
      bytes += (chunk as Buffer).length
      if (bytes > 2 ** 20) break
    }
    await hasEnded
  })
}

test('a client that never has to be waited for does not keep heartbeats waiting', async (t) => {
  const { port, hasEnded } = await serveEndless(t)
  const reader = new Worker(
    `const { get } = require('node:http')
     const { parentPort } = require('node:worker_threads')
     get({ host: '127.0.0.1', port: ${port} }, (response) => {
       response.on('data', () => {}).once('data', () => parentPort.postMessage('reading'))
     })`,
    { eval: true },
  )
  await once(reader, 'message')
  // A turn of the loop of its own, not of those that the connection takes.
  for (let turns = 0; turns < 10; turns++) await new Promise((resolve) => setTimeout(resolve))
  await reader.terminate()
  await hasEnded
})

describe('a receiver', () => {
  for (const options of [
    { host: '' },
    { port: -1 },
    { httpPort: 65_536 },
    { token: 'two secrets' },
    { tls: {} as never },
    { tls: { certFile: '/c', keyFile: '' } },
    { intervalMs: 0 },
    { maxMembers: 0 },
    { maxBytes: 0 },
    { colour: 'red' } as never,
  ] as FleetReceiverOptions[]) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(
        () => new FleetReceiver(options),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_HEALTH_ARGUMENT')
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      )
    })
  }

  test('tells of a port that is taken, and may be started on another later', async (t) => {
    const first = new FleetReceiver()
    t.after(() => first.stop())
    const { port } = await first.start()
    const second = new FleetReceiver({ port })
    await assert.rejects(second.start(), { code: 'ERR_HEALTH_LISTEN' })
    await first.stop()
    await second.start()
    await second.stop()
    await second.stop()
  })

  test('answers what is no page with 404, and what is no question with 405', async (t) => {
    const receiver = new FleetReceiver()
    t.after(() => receiver.stop())
    const { pageUrl } = await receiver.start()
    const page = await fetch(pageUrl ?? '')
    assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'/)
    assert.equal((await fetch(`${pageUrl}nothing`)).status, 404)
    assert.equal((await fetch(pageUrl ?? '', { method: 'POST' })).status, 405)
  })
})
