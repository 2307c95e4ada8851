// How every transport must answer a scrape, as one suite that each of them passes.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, type TestContext, test } from 'node:test'
import type { ProbeHandler, ProbeListener } from '../../src/probe/listener.js'
import { FakeSource, metricsOf, samplesOf } from '../unit/metrics-support.js'
import { RawConnection } from './raw-connection.js'

const hasPromtool = spawnSync('promtool', ['--version']).status === 0

export function describeMetricsContract(
  name: string,
  createListener: (handler: ProbeHandler) => ProbeListener,
): void {
  async function listen(t: TestContext, source: FakeSource): Promise<number> {
    const listener = createListener((await metricsOf(source)).handler)
    t.after(() => listener.stop())
    return (await listener.start('127.0.0.1', 0)).port
  }

  async function open(t: TestContext, port: number): Promise<RawConnection> {
    const connection = await RawConnection.open(port)
    t.after(() => connection.close())
    return connection
  }

  async function exchange(connection: RawConnection, target: string, method = 'GET') {
    connection.request(method, target)
    return connection.receive(method)
  }

  const components = { collector_manager: [1], 'é"\n\\': [3] } as const

  describe(`a scrape over ${name}`, () => {
    test('is answered with text of its own type, never to be stored', async (t) => {
      const connection = await open(t, await listen(t, FakeSource.of(components)))
      const { statusLine, headers, body } = await exchange(connection, '/metrics')
      assert.equal(statusLine, 'HTTP/1.1 200 OK')
      assert.equal(headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
      assert.equal(headers.get('cache-control'), 'no-store')
      assert.equal(headers.get('content-length'), String(Buffer.byteLength(body)))
      assert.ok(
        body.includes('\nhealth_component_status{component="é\\"\\n\\\\",status="unhealthy"} 1\n'),
      )
    })

    test('counts what was answered on any connection', async (t) => {
      const port = await listen(t, FakeSource.of(components))
      for (const target of ['/livez', '/readyz', '/nope', '/livez?verbose']) {
        await exchange(await open(t, port), target)
      }
      const connection = await open(t, port)
      await exchange(connection, '/livez', 'POST')
      await exchange(connection, '/livez', 'HEAD')
      const { body } = await exchange(connection, '/metrics')
      const counted = samplesOf(body, 'health_probe_requests_total')
      assert.deepEqual(
        counted.filter((line) => !line.endsWith(' 0')),
        [
          'health_probe_requests_total{path="/livez",code="200"} 3',
          'health_probe_requests_total{path="/livez",code="405"} 1',
          'health_probe_requests_total{path="/readyz",code="200"} 1',
          'health_probe_requests_total{path="other",code="404"} 1',
        ],
      )
      assert.deepEqual(samplesOf(body, 'kubernetes_healthchecks_total').slice(0, 2), [
        'kubernetes_healthchecks_total{name="collector_manager",type="livez",status="success"} 3',
        'kubernetes_healthchecks_total{name="collector_manager",type="livez",status="error"} 0',
      ])
    })

    test('that asks for the head alone gets the length, and the connection goes on', async (t) => {
      const connection = await open(t, await listen(t, new FakeSource()))
      const { statusLine, headers } = await exchange(connection, '/metrics', 'HEAD')
      assert.equal(statusLine, 'HTTP/1.1 200 OK')
      assert.ok(Number(headers.get('content-length')) > 1_000)
      assert.match((await exchange(connection, '/livez')).statusLine, /200/)
    })

    test('by another method is refused', async (t) => {
      const connection = await open(t, await listen(t, new FakeSource()))
      const { statusLine, headers } = await exchange(connection, '/metrics', 'POST')
      assert.match(statusLine, /405/)
      assert.equal(headers.get('allow'), 'GET, HEAD')
    })

    test('of a runtime that cannot be read is answered with 503', async (t) => {
      const source = Object.assign(new FakeSource(), { failure: new Error('stopped') })
      const connection = await open(t, await listen(t, source))
      const { statusLine, body } = await exchange(connection, '/metrics')
      assert.match(statusLine, /503/)
      assert.equal(body, '{"error":"stopped"}\n')
    })

    test('of ten thousand components arrives whole, and a probe that came later is answered before', async (t) => {
      const names = Array.from({ length: 10_000 }, (_, i) => [`component-${i}`, [1]] as const)
      const port = await listen(t, FakeSource.of(Object.fromEntries(names)))
      const [scraper, prober] = [await open(t, port), await open(t, port)]
      const order: string[] = []
      scraper.request('GET', '/metrics')
      const scraped = scraper.receive().finally(() => order.push('scrape'))
      prober.request('GET', '/components/none')
      await prober.receive()
      order.push('probe')
      const { body } = await scraped
      assert.deepEqual(order, ['probe', 'scrape'])
      assert.equal(samplesOf(body, 'health_component_status').length, 40_000)
    })

    test('survives a scraper that leaves before it is answered', async (t) => {
      const port = await listen(t, FakeSource.of(components))
      for (let i = 0; i < 20; i++) {
        const leaving = await RawConnection.open(port)
        leaving.request('GET', '/metrics')
        leaving.close()
      }
      assert.match((await exchange(await open(t, port), '/metrics')).statusLine, /200/)
    })

    test('is what promtool takes for good metrics', {
      skip: !hasPromtool && 'promtool is not installed',
    }, async (t) => {
      const connection = await open(t, await listen(t, FakeSource.of(components)))
      await exchange(connection, '/readyz')
      const { body } = await exchange(connection, '/metrics')
      const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
        input: body,
      })
      assert.equal(`${stdout}${stderr}`, '')
      assert.equal(status, 0)
    })
  })
}
