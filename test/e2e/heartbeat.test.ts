// Heartbeats from a runtime to a receiver: what arrives, when, and what becomes of the runtime when nothing does.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { BroadcastChannel } from 'node:worker_threads'
import {
  HeartbeatReporter,
  OperatorType,
  type ReportHealthRequest,
  type SentHeartbeat,
} from '../../src/heartbeat/index.js'
import { type HealthError, HealthManager, HealthServer, HealthStatus } from '../../src/index.js'
import { makeCertificate, temporaryFolder } from '../contract/support/certificates.js'
import { FaultyReceiver } from '../contract/support/faulty-receiver.js'
import { runChild } from './support/child.js'
import { HOUR_MS, startHealth, startReceiver, startReporter } from './support/heartbeats.js'

const TOKEN = 'the-secret-of-this-cluster'
const limit = { timeout: 60_000 }

const first = <T>(reporter: HeartbeatReporter, event: 'sent' | 'collectNow' | 'error') =>
  new Promise<T>((resolve) => reporter.on(event as 'sent', resolve as never))

const messageOf = ({ components }: ReportHealthRequest, name: string) =>
  components.find((component) => component.name === name)?.message

test('a receiver over mTLS gets what the runtime holds, and shows it', limit, async (t) => {
  const folder = () => temporaryFolder((remove) => t.after(remove))
  const server = makeCertificate(folder(), 'localhost')
  const client = makeCertificate(folder(), 'an operator')
  const health = await startHealth(t)
  const { url, pageUrl, heartbeat, receiver } = await startReceiver(t, {
    token: TOKEN,
    tls: { ...server, clientCaFile: client.certFile },
  })
  health.register('collector_manager').degraded('<b>slow</b>', { of: 'a & b' })
  const reporter = await startReporter(t, health, {
    url: url.replace('127.0.0.1', 'localhost'),
    token: TOKEN,
    tls: { caFile: server.certFile, ...client },
    clusterId: 'c-1',
    version: '1.2.3',
    commit: 'abc',
  })
  const request = await heartbeat(() => true)
  assert.deepEqual(structuredClone(request), {
    clusterId: 'c-1',
    operatorType: OperatorType.Read,
    version: '1.2.3',
    overallStatus: HealthStatus.Degraded,
    components: [
      {
        name: 'collector_manager',
        status: HealthStatus.Degraded,
        message: '<b>slow</b>',
        metadata: { of: 'a & b' },
      },
      {
        name: 'dakr_transport',
        status: HealthStatus.Healthy,
        message: 'Transport starting',
        metadata: {},
      },
    ],
    uptimeSince: { seconds: 1_767_225_600, nanos: 500_000_000 },
    commit: 'abc',
  })
  const page = await (await fetch(pageUrl ?? '')).text()
  assert.ok(page.includes('&lt;b&gt;slow&lt;/b&gt; · of=a &amp; b'), page)
  assert.ok(!page.includes('<b>slow'))
  const fleet = (await (await fetch(`${pageUrl}fleet.json`)).json()) as { operators: unknown[] }
  assert.deepEqual(fleet.operators, JSON.parse(JSON.stringify(receiver.members())))
  assert.equal(receiver.members()[0]?.client, 'zxporter/1.2.3')
  assert.equal((await reporter.stats()).origin, url.replace('127.0.0.1', 'localhost'))
})

test('dakr_transport tells how the sending goes', limit, async (t) => {
  const health = await startHealth(t)
  const faulty = await FaultyReceiver.start(t)
  faulty.faults = [
    { code: 16, details: 'who are you?' },
    { code: 16, details: 'who are you?' },
  ]
  const changes = health.transitions({ from: 'oldest' })
  const reporter = await startReporter(t, health, {
    url: `http://127.0.0.1:${faulty.port}`,
    intervalMs: 300,
    resendDelayMs: 50,
  })
  const told: unknown[] = []
  for await (const change of changes) {
    if ('missed' in change || change.component !== 'dakr_transport') continue
    told.push([change.newStatus, change.message, { ...change.metadata }])
    if (told.length === 3) break
  }
  assert.deepEqual(told, [
    [1, 'Transport starting', {}],
    [2, '1 consecutive failures', { consecutive_failures: '1', circuit_breaker: 'closed' }],
    [1, 'Transport operational', { consecutive_failures: '0', circuit_breaker: 'closed' }],
  ])
  const { loops, state } = await reporter.stats()
  assert.equal(state, 'running')
  assert.equal(loops[0]?.failedCalls, 2)
})

test('a receiver that asks for a collection is heard', limit, async (t) => {
  const health = await startHealth(t)
  const { url, receiver, heartbeat } = await startReceiver(t)
  const reporter = await startReporter(t, health, { url, clusterId: 'c-2', intervalMs: 200 })
  const collectNow = first<SentHeartbeat>(reporter, 'collectNow')
  await heartbeat(() => true)
  receiver.requestCollection('another')
  receiver.requestCollection('c-2')
  assert.equal((await collectNow).collectNow, true)
})

test('the health of connectors is reported by a call of its own', limit, async (t) => {
  const health = await startHealth(t)
  const { url, receiver } = await startReceiver(t)
  const reporter = await startReporter(t, health, { url, clusterId: 'c-3' })
  await reporter.reportConnectorHealth([
    { connectorId: 'a', status: 'ok', checkedAt: new Date(0) },
    { connectorId: 'b', status: 'failed', error: 'no route', checkedAt: new Date(1) },
  ])
  assert.deepEqual(receiver.connectors()[0]?.connectors, [
    { connectorId: 'a', status: 'ok', checkedAt: '1970-01-01T00:00:00.000Z' },
    {
      connectorId: 'b',
      status: 'failed',
      error: 'no route',
      checkedAt: '1970-01-01T00:00:00.001Z',
    },
  ])
  await assert.rejects(reporter.reportConnectorHealth([{ connectorId: '', status: '' }]), {
    code: 'ERR_HEALTH_HEARTBEAT',
    message: /code=INVALID_ARGUMENT attempts=1: statuses.connector_id/,
  })
  await assert.rejects(reporter.reportConnectorHealth([{ status: 'ok' } as never]), {
    code: 'ERR_HEALTH_ARGUMENT',
  })
})

test(
  'the last heartbeat says what was reported last, while probes are still answered',
  limit,
  async (t) => {
    const health = await startHealth(t)
    const faulty = await FaultyReceiver.start(t)
    const told = health.register('collector_manager')
    const server = new HealthServer(health, { host: '127.0.0.1', port: 0 })
    const { port } = await server.start()
    const reporter = await startReporter(t, health, { url: `http://127.0.0.1:${faulty.port}` })
    await first(reporter, 'sent')
    let answered: Promise<number> | undefined
    faulty.faults = [
      {
        act: () => {
          answered = fetch(`http://127.0.0.1:${port}/healthz`).then(({ status }) => status)
        },
      },
      'ok',
    ]
    told.unhealthy('the last words')
    const stopping = health.stop()
    await faulty.hasReceived(2)
    assert.ok(faulty.received[1]?.message.includes('the last words'))
    assert.equal(await answered, 503)
    // Nobody has answered that one, so the stop goes on after its time.
    await stopping
    assert.equal(reporter.actor.state, 'stopped')
    await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`))
  },
)

test('the last heartbeat is told before the stop resolves', limit, async (t) => {
  const health = await startHealth(t)
  const { url } = await startReceiver(t)
  const reporter = await startReporter(t, health, { url })
  const told: boolean[] = []
  reporter.on('sent', ({ isFinal }) => told.push(isFinal))
  await first(reporter, 'sent')
  await health.stop()
  assert.deepEqual(told.at(-1), true)
})

describe('a heartbeat actor that dies', () => {
  const workerBaseUrl = new URL('./fixtures/crashing-workers/', import.meta.url)

  for (const order of ['throw', 'exit'] as const) {
    test(
      `by ${order} is started again, reports at once, and its mailbox is free`,
      limit,
      async (t) => {
        const health = await startHealth(t)
        const { url, heartbeats, heartbeat } = await startReceiver(t)
        const reporter = await startReporter(t, health, { url, workerBaseUrl })
        await heartbeat(() => true)
        const { mailboxes } = await health.stats()
        const orders = new BroadcastChannel('heartbeat-orders')
        t.after(() => orders.close())
        health.register('after').healthy('the crash')
        orders.postMessage(order)
        const next = await heartbeat((request) => messageOf(request, 'after') === 'the crash')
        assert.equal(heartbeats.indexOf(next), 1)
        while (reporter.actor.state !== 'running') {
          await new Promise((resolve) => setImmediate(resolve))
        }
        assert.deepEqual(reporter.actor, { name: 'heartbeat', state: 'running', restarts: 1 })
        const { actors, mailboxes: after } = await health.stats()
        assert.deepEqual(actors[1], reporter.actor)
        assert.equal(after.length, mailboxes.length)
      },
    )
  }

  test('too often is given up, loudly', limit, async (t) => {
    const health = await startHealth(t)
    const { url } = await startReceiver(t)
    const restarts = { max: 0 }
    const reporter = await startReporter(t, health, { url, workerBaseUrl, restarts })
    const orders = new BroadcastChannel('heartbeat-orders')
    t.after(() => orders.close())
    const failed = first<HealthError>(reporter, 'error')
    orders.postMessage('throw')
    const error = await failed
    assert.equal(error.code, 'ERR_HEALTH_UNAVAILABLE')
    assert.match(error.message, /keeps dying: restarts=0 .*ordered to die/)
    assert.equal(reporter.actor.state, 'failed')
    await assert.rejects(reporter.reportConnectorHealth([]), { code: 'ERR_HEALTH_UNAVAILABLE' })
  })
})

test('a start that fails costs no mailbox', limit, async (t) => {
  const health = await HealthManager.start({ maxComponents: 1 })
  t.after(() => health.stop())
  health.register('the only one')
  const mailboxes = async () => (await health.stats()).mailboxes.length
  const before = await mailboxes()
  const reporter = new HeartbeatReporter(health, { url: 'http://127.0.0.1:1', token: '' })
  await assert.rejects(reporter.start(), {
    code: 'ERR_HEALTH_CAPACITY',
    message: /no room to register name="dakr_transport"/,
  })
  // The manager frees it soon after.
  while (!t.signal.aborted && (await mailboxes()) > before) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.equal(await mailboxes(), before)
})

describe('a source', () => {
  const module = (name: string) =>
    new URL(`./fixtures/heartbeat-sources/${name}.js`, import.meta.url)

  test('is reported as another operator type, and may report components', limit, async (t) => {
    const health = await startHealth(t)
    const { url, heartbeat } = await startReceiver(t)
    const data = { name: 'karpenter_deployment' }
    await startReporter(t, health, { url, sources: [{ module: module('node-operator'), data }] })
    const request = await heartbeat(({ operatorType }) => operatorType === OperatorType.Node)
    assert.deepEqual(structuredClone(request.components), [
      { name: 'karpenter_deployment', status: 2, message: '1/2 replicas ready', metadata: {} },
    ])
    assert.deepEqual([request.version, request.commit], ['9.9.9', 'feda6e1'])
    assert.equal(health.getStatus('node_monitor')?.message, `every ${HOUR_MS} ms`)
  })

  test('that hangs or can not be made holds up nobody else', limit, async (t) => {
    const health = await startHealth(t)
    const { url, heartbeats, heartbeat } = await startReceiver(t)
    const reporter = new HeartbeatReporter(health, {
      url,
      token: '',
      intervalMs: 100,
      sources: [
        { module: module('hanging') },
        { module: module('broken') },
        { module: module('not-there') },
        { module: module('node-operator'), data: { name: 'n' } },
      ],
    })
    t.after(() => reporter.stop())
    const messages = new Set<string>()
    reporter.on('error', ({ message }) => messages.add(message.replace(/Cannot find .*/, 'none')))
    await reporter.start()
    for (const type of [OperatorType.Read, OperatorType.Node]) {
      await heartbeat(
        () => heartbeats.filter(({ operatorType }) => operatorType === type).length >= 5,
      )
    }
    assert.deepEqual([...messages].sort(), [
      'no heartbeat could be made: operatorType=unspecified: no cluster here',
      'no heartbeat could be made: operatorType=unspecified: none',
    ])
    assert.equal(health.getStatus('dakr_transport')?.status, HealthStatus.Healthy)
  })
})

test('a reporter of a runtime that is stopped does not start', limit, async (t) => {
  const health = await startHealth(t)
  await health.stop()
  const reporter = new HeartbeatReporter(health, { url: 'http://127.0.0.1:1', token: '' })
  await assert.rejects(reporter.start(), { code: 'ERR_HEALTH_STOPPED' })
})

test(
  'a reporter of an attached instance says nothing of a runtime that another has stopped',
  limit,
  async (t) => {
    const health = await startHealth(t)
    const attached = HealthManager.attach(health.handle())
    const { url, heartbeats, heartbeat } = await startReceiver(t)
    const reporter = new HeartbeatReporter(attached, { url, token: '', intervalMs: 100 })
    await reporter.start()
    await heartbeat(() => true)
    await health.stop()
    const loop = async () => (await reporter.stats()).loops[0]
    while (((await loop())?.emptyTicks ?? 0) === 0) {}
    const count = heartbeats.length
    while (((await loop())?.emptyTicks ?? 0) < 4) {}
    await reporter.stop()
    assert.equal(heartbeats.length, count)
  },
)

test('a failure that nobody listens for is warned of once a row', limit, async (t) => {
  const health = await startHealth(t)
  const faulty = await FaultyReceiver.start(t)
  faulty.later = { code: 7, details: 'no' }
  const warned = once(process, 'warning')
  let count = 0
  process.on('warning', () => count++)
  await startReporter(t, health, {
    url: `http://127.0.0.1:${faulty.port}`,
    intervalMs: 100,
    resendDelayMs: 0,
  })
  assert.match(
    String((await warned)[0]),
    /was not received: operatorType=read code=PERMISSION_DENIED/,
  )
  await faulty.hasReceived(5)
  assert.equal(count, 1)
})

describe('a program of its own', () => {
  const program = (options: object, ...more: string[]) =>
    runChild('../fixtures/heartbeat-host.js', [JSON.stringify(options), ...more])

  test(
    'without a receiver ends when it has nothing else to do, and is told once that nothing is sent',
    limit,
    async () => {
      const { code, said, stderr } = await program({ intervalMs: 100 })
      assert.equal(code, 0, stderr)
      assert.equal(
        stderr,
        'health-actor: heartbeats are not sent: no url is given, by option or as DAKR_URL\n',
      )
      assert.deepEqual((said.at(-1) as { isStandIn: boolean }).isStandIn, true)
      const { status, message } = (
        said.at(-1) as { transport: { status: number; message: string } }
      ).transport
      assert.deepEqual([status, message], [1, 'Transport operational'])
    },
  )

  test('never shows its token, whatever fails and whatever is traced', limit, async (t) => {
    const faulty = await FaultyReceiver.start(t)
    faulty.later = 'echo token'
    const url = `http://127.0.0.1:${faulty.port}`
    for (const [name, value] of Object.entries({ GRPC_TRACE: 'all', GRPC_VERBOSITY: 'DEBUG' })) {
      process.env[name] = value
      t.after(() => delete process.env[name])
    }
    process.env['CLUSTER_TOKEN'] = TOKEN
    t.after(() => delete process.env['CLUSTER_TOKEN'])
    const { code, said, stderr } = await program({ url })
    assert.equal(code, 0, stderr)
    assert.deepEqual(faulty.received[0]?.metadata.get('authorization'), [`Bearer ${TOKEN}`])
    const text = `${stderr}${JSON.stringify(said)}`
    assert.match(text, /Bearer \[token\]/)
    assert.ok(!text.includes(TOKEN), text)
  })
})
