import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ProbeAnswer } from '../../src/probe/listener.js'
import { createProbeHandler, type RouteOptions } from '../../src/probe/routes.js'
import { type Asking, answerOf, ask, legible } from '../ask.js'
import { FakeReader } from '../fake-reader.js'

const TOKEN = 'correct-horse-battery'
const AUTHORIZED: RouteOptions = { audience: { detail: 'authorized', token: TOKEN } }
const NEVER: RouteOptions = { audience: { detail: 'never', token: TOKEN } }
const reader = FakeReader.of({ collector_manager: [3, 'secret-message', { key: 'secret-value' }] })
const bearer = (authorization: string): Asking => ({ headers: { authorization } })

const PROBES = ['/healthz', '/livez', '/readyz', '/startupz']
const QUERIES = [
  '',
  '?x',
  '?verbose',
  '?exclude=collector_manager',
  '?failon=degraded&verbose&exclude=x',
]

describe('to those who may not see more', () => {
  for (const options of [AUTHORIZED, NEVER]) {
    for (const path of PROBES) {
      for (const query of QUERIES) {
        test(`${options.audience.detail}: ${path}${query} tells the verdict alone`, () => {
          const open = ask(
            reader,
            `${path}${query}`,
            { isFromLoopback: true },
            {
              audience: { detail: 'always', token: undefined },
            },
          )
          const { status, body } = ask(reader, `${path}${query}`, {}, options)
          assert.equal(status, open.status)
          if (query.includes('verbose')) {
            assert.equal(body, `${path.slice(1)} check ${status === 200 ? 'passed' : 'failed'}\n`)
          } else {
            assert.equal(body, `{"status":${JSON.stringify(JSON.parse(open.body).status)}}\n`)
          }
        })
      }
    }
  }

  test('a read that fails tells no reason', () => {
    const failing = Object.assign(new FakeReader(), { failure: new Error('secret') })
    assert.equal(ask(failing, '/livez', {}, NEVER).body, '{"status":"unhealthy"}\n')
    assert.equal(ask(failing, '/livez?verbose', {}, NEVER).body, 'livez check failed\n')
  })

  test('components ask for authorization', () => {
    for (const target of ['/components', '/components/collector_manager', '/components/nobody']) {
      assert.deepEqual(ask(reader, target, {}, AUTHORIZED), {
        status: 401,
        contentType: 'application/json',
        headers: [['WWW-Authenticate', 'Bearer']],
        body: '{"error":"unauthorized"}\n',
      })
    }
  })

  test('components that nobody may see are not there, to nobody', () => {
    for (const target of ['/components', '/components/collector_manager']) {
      for (const asking of [{}, { isFromLoopback: true }, bearer(`Bearer ${TOKEN}`)]) {
        assert.equal(ask(reader, target, asking, NEVER).body, '{"error":"not found"}\n')
        assert.match(ask(reader, '/livez', asking, NEVER).body, /^{"status":"unhealthy"}\n$/)
      }
    }
  })
})

describe('authorization', () => {
  const isShown = (asking: Asking, options = AUTHORIZED) =>
    ask(reader, '/livez', asking, options).body.includes('secret-message')

  test('is had on loopback, without a token or with a wrong one', () => {
    assert.equal(isShown({ isFromLoopback: true }), true)
    assert.equal(isShown({ isFromLoopback: true, ...bearer('Bearer wrong') }), true)
    assert.equal(
      ask(reader, '/components/collector_manager', { isFromLoopback: true }, AUTHORIZED).status,
      200,
    )
  })

  for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
    test(`is had with the token and the scheme ${scheme}`, () => {
      assert.equal(isShown(bearer(`${scheme} ${TOKEN}`)), true)
    })
  }

  for (const credentials of [
    '',
    'Bearer',
    'Bearer ',
    TOKEN,
    `Basic ${TOKEN}`,
    `Bearer${TOKEN}`,
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${'x'.repeat(10_000)}`,
  ]) {
    test(`is not had with ${JSON.stringify(credentials.slice(0, 60))}`, () => {
      assert.equal(isShown(bearer(credentials)), false)
    })
  }

  test('is had on loopback alone where no token is set', () => {
    const options: RouteOptions = { audience: { detail: 'authorized', token: undefined } }
    for (const credentials of ['Bearer ', 'Bearer undefined', `Bearer ${TOKEN}`]) {
      assert.equal(isShown(bearer(credentials), options), false)
    }
    assert.equal(isShown({ isFromLoopback: true }, options), true)
  })

  test('is looked for only where an answer depends on it', () => {
    for (const detail of ['always', 'never'] as const) {
      const handler = createProbeHandler(reader, { audience: { detail, token: TOKEN } })
      const unread = () => {
        throw new Error('nobody needs that')
      }
      for (const target of [...PROBES, '/components', '/livez?verbose', '/nope']) {
        handler({
          method: 'GET',
          target,
          header: unread,
          isFromLoopback: unread,
          remoteAddress: unread,
        })
      }
    }
  })
})

describe('/metrics', () => {
  const metrics: ProbeAnswer = {
    status: 200,
    contentType: 'text/plain',
    body: Buffer.from('a 1\n'),
  }
  const withScrape = (options: RouteOptions, scrape = async () => metrics) =>
    createProbeHandler(reader, { ...options, scrape })
  const OPEN: RouteOptions = { audience: { detail: 'always', token: undefined } }

  test('are not found where there are none', () => {
    assert.equal(ask(reader, '/metrics').status, 404)
  })

  test('are open to everybody unless they are for those with authorization', async () => {
    for (const options of [OPEN, NEVER]) {
      assert.equal(await answerOf(withScrape(options), '/metrics?x=1'), metrics)
    }
    const handler = withScrape(AUTHORIZED)
    assert.equal((await answerOf(handler, '/metrics')).status, 401)
    assert.equal(await answerOf(handler, '/metrics', { isFromLoopback: true }), metrics)
    assert.equal(await answerOf(handler, '/metrics', bearer(`Bearer ${TOKEN}`)), metrics)
  })

  test('allow GET and HEAD alone', async () => {
    assert.equal((await answerOf(withScrape(OPEN), '/metrics', { method: 'POST' })).status, 405)
    assert.equal(await answerOf(withScrape(OPEN), '/metrics', { method: 'HEAD' }), metrics)
  })

  test('that cannot be had are answered 503, whether the scrape rejects or throws', async () => {
    const rejecting = () => Promise.reject(new Error('no registry'))
    const throwing = () => {
      throw new Error('no registry')
    }
    for (const scrape of [rejecting, throwing]) {
      assert.deepEqual(legible(await answerOf(withScrape(OPEN, scrape), '/metrics')), {
        status: 503,
        contentType: 'application/json',
        body: '{"error":"no registry"}\n',
      })
    }
  })
})
