// The ledger of a real probe server, over both transports.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HealthManager, HealthServer } from '../../src/index.js'
import { transports } from '../e2e/transports.js'
import { GrpcClient } from './support/grpc-client.js'
import {
  CHECK,
  END_HEADERS,
  END_STREAM,
  Frame,
  FrameConnection,
  frame,
  message,
  request,
} from './support/grpc-frames.js'
import { startGrpc } from './support/grpc-server.js'

for (const transport of transports) {
  describe(`the ledger over ${transport}`, () => {
    test('tells what the kubelet was told, by /ledger and in stats', async (t) => {
      const health = await HealthManager.start()
      t.after(() => health.stop())
      const options = { host: '127.0.0.1', port: 0, readTimeoutMs: 1_000, transport }
      const server = new HealthServer(health, options)
      const { port } = await server.start()
      const get = async (path: string, agent: string, connection = 'close') => {
        const headers = { 'user-agent': agent, connection }
        return (await fetch(`http://127.0.0.1:${port}${path}`, { headers })).text()
      }
      const reporter = health.register('collector_manager')
      reporter.unhealthy('gone')
      for (let i = 0; i < 3; i++) await get('/livez', 'kube-probe/1.30')
      for (let i = 0; i < 3; i++) await get('/readyz', 'kube-probe/1.30', 'keep-alive')
      reporter.healthy()
      await get('/livez?verbose', 'curl/8')
      const ledger = JSON.parse(await get('/ledger', 'curl/8'))
      assert.equal(ledger.answered, 7)
      const failuresInARow = { liveness: 3, readiness: 3, startup: 0 }
      assert.deepEqual(ledger.failuresInARow, failuresInARow)
      const brief = ledger.probes.map((probe: Record<string, unknown>) => {
        assert.ok(Math.abs(Date.parse(String(probe['at'])) - Date.now()) < 60_000)
        assert.ok(Number(probe['latencyUs']) >= 0)
        return [probe['path'], probe['code'], probe['client'], probe['userAgent'], probe['reason']]
      })
      const failure = (path: string, reason: string) => {
        return [path, 503, '127.0.0.1', 'kube-probe/1.30', reason]
      }
      const readiness = failure('/readyz', 'collector_manager is not ready (status: unhealthy)')
      const liveness = failure('/livez', 'collector_manager is unhealthy: gone')
      assert.deepEqual(brief, [
        ['/livez', 200, '127.0.0.1', 'curl/8', undefined],
        ...[readiness, readiness, readiness],
        ...[liveness, liveness, liveness],
      ])
      const { probes } = await health.stats()
      assert.equal(probes.answered, 7)
      assert.deepEqual(probes.failuresInARow, failuresInARow)
      assert.equal(probes.lastFailure?.path, '/readyz')
    })

    test('is told for what it said last where nobody answers any more', async (t) => {
      const health = await HealthManager.start()
      t.after(() => health.stop())
      const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport })
      const { port } = await server.start()
      await (await fetch(`http://127.0.0.1:${port}/livez`)).text()
      assert.equal((await health.stats()).probes.answered, 1)
      await server.stop()
      assert.equal((await server.probeStats()).answered, 1)
      assert.equal((await health.stats()).probes.answered, 0)
    })
  })
}

test('gRPC calls are in the ledger beside HTTP probes, and in stats', async (t) => {
  const { health, port, grpcPort } = await startGrpc(t)
  const reporter = health.register('collector_manager')
  reporter.unhealthy('gone')
  const client = new GrpcClient(t, grpcPort)
  const get = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()
  await get('/livez')
  assert.equal(await client.check(''), 'not serving')
  assert.equal(await client.check('nobody'), 'NOT_FOUND')
  const kubelet = await FrameConnection.open(t, grpcPort)
  const headers = request(CHECK, { 'user-agent': 'kube-probe/1.31 grpc-go/1.65.0' })
  kubelet.start(
    frame(Frame.Headers, END_HEADERS, 1, headers),
    frame(Frame.Data, END_STREAM, 1, message()),
  )
  assert.ok(await kubelet.next(Frame.Data))
  reporter.healthy()
  assert.equal(typeof (await client.list()), 'object')
  assert.equal(await client.watch('component/collector_manager').next(), 'serving')
  const { answered, failuresInARow, lastFailure, probes } = JSON.parse(await get('/ledger'))
  assert.equal(answered, 6)
  assert.deepEqual(failuresInARow, { liveness: 1, readiness: 0, startup: 0 })
  const brief = probes.map((probe: Record<string, unknown>) => {
    assert.ok(Math.abs(Date.parse(String(probe['at'])) - Date.now()) < 60_000)
    assert.ok(Number(probe['latencyUs']) >= 0)
    return [probe['path'], probe['code'], probe['client'], probe['reason']]
  })
  const why = 'collector_manager is unhealthy: gone'
  assert.deepEqual(brief, [
    ['grpc:/Watch/component/collector_manager', 0, '127.0.0.1', undefined],
    ['grpc:/List', 0, '127.0.0.1', undefined],
    ['grpc:/Check/', 0, '127.0.0.1', `NOT_SERVING: ${why}`],
    ['grpc:/Check/nobody', 5, '127.0.0.1', 'unknown service'],
    ['grpc:/Check/', 0, '127.0.0.1', `NOT_SERVING: ${why}`],
    ['/livez', 503, '127.0.0.1', why],
  ])
  assert.equal(lastFailure.userAgent, 'kube-probe/1.31 grpc-go/1.65.0')
  const { probes: stats } = await health.stats()
  assert.equal(stats.answered, 6)
  assert.equal(stats.failuresInARow.liveness, 1)
  assert.equal(stats.lastFailure?.path, 'grpc:/Check/')
})
