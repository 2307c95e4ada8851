import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HealthManager, type HealthStatus } from '../../src/index.js'
import { type WebhookOptions, webhookObserver } from '../../src/observe/webhook-observer.js'

const health = await HealthManager.start()
test.after(() => health.stop())

interface Post {
  readonly request: IncomingMessage
  readonly body: { readonly transitions: readonly Record<string, unknown>[] }
  readonly response: ServerResponse
}

/** A server that answers with what `answer` says, and an observer that posts to it. */
async function start(t: TestContext, answer: (post: Post, count: number) => void) {
  const posts: Post[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const post = { request, body: JSON.parse(text), response }
    posts.push(post)
    answer(post, posts.length)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path?token=abc`
  const create = (options: Partial<WebhookOptions> = {}) =>
    webhookObserver({ url, retryDelayMs: 1, ...options })
  return { posts, create, url }
}

function status(code: number) {
  return ({ response }: Post) => response.writeHead(code).end('an answer that nobody reads')
}

function transition(number: number) {
  const [oldStatus, newStatus] = [1, 3] as const satisfies HealthStatus[]
  const metadata = { n: `${number}` }
  return { number, component: 'c', oldStatus, newStatus, message: 'm', metadata, at: 1_000 }
}

const numbersOf = ({ body }: Post) => body.transitions.map(({ number }) => number)

test('posts a transition as JSON, with headers of the user', async (t) => {
  const { posts, create } = await start(t, status(204))
  await create({ headers: { authorization: 'Bearer x' } })(transition(4), health)
  const [post] = posts
  assert.equal(post?.request.method, 'POST')
  assert.equal(post?.request.headers['content-type'], 'application/json')
  assert.equal(post?.request.headers.authorization, 'Bearer x')
  assert.deepEqual(post?.body, {
    transitions: [
      {
        number: 4,
        at: '1970-01-01T00:00:01.000Z',
        component: 'c',
        oldStatus: 'healthy',
        newStatus: 'unhealthy',
        message: 'm',
        metadata: { n: '4' },
      },
    ],
  })
})

test('sends what comes during a POST together, in order, gaps in their place', async (t) => {
  let held: ServerResponse | undefined
  let onHeld = () => {}
  const isHeld = new Promise<void>((resolve) => {
    onHeld = resolve
  })
  const { posts, create } = await start(t, ({ response }, count) => {
    if (count > 1) response.end()
    else {
      held = response
      onHeld()
    }
  })
  const observer = create({ maxBatch: 3 })
  const calls = [observer(transition(1), health)]
  await isHeld
  calls.push(observer(transition(2), health), observer.onGap({ missed: 5 }, health))
  for (let number = 8; number < 11; number++) calls.push(observer(transition(number), health))
  held?.end()
  await Promise.all(calls)
  assert.deepEqual(posts.map(numbersOf), [[1], [2, undefined, 8], [9, 10]])
  assert.deepEqual(posts[1]?.body.transitions[1], { missed: 5 })
})

for (const code of [408, 425, 429, 500, 503]) {
  test(`tries again after ${code}`, async (t) => {
    const { posts, create } = await start(t, (post, count) => status(count < 3 ? code : 200)(post))
    await create()(transition(1), health)
    assert.deepEqual(posts.map(numbersOf), [[1], [1], [1]])
  })
}

for (const code of [302, 400, 401, 404, 410]) {
  test(`gives up at once after ${code}`, async (t) => {
    const { posts, create } = await start(t, status(code))
    const origin = /^the webhook was not taken: origin=http:\/\/127\.0\.0\.1:\d+ status=\d+$/
    await assert.rejects(async () => create()(transition(1), health), { message: origin })
    assert.equal(posts.length, 1)
  })
}

test('gives up after so many attempts, and goes on with what comes next', async (t) => {
  const { posts, create } = await start(t, (post, count) => status(count <= 2 ? 500 : 200)(post))
  const observer = create({ attempts: 2 })
  await assert.rejects(async () => observer(transition(1), health), /status=500/)
  await observer(transition(2), health)
  assert.deepEqual(posts.map(numbersOf), [[1], [1], [2]])
})

test('gives up when all attempts together have taken too long', async (t) => {
  const { create } = await start(t, () => {})
  const observer = create({ attempts: 100, giveUpMs: 100 })
  await assert.rejects(async () => observer(transition(1), health), /error=TimeoutError/)
})

test('ends an attempt that is not answered, and makes another one', async (t) => {
  const { posts, create } = await start(t, ({ response }, count) => {
    if (count > 1) response.end()
  })
  // On a busy machine also one that is answered may take too long.
  const patient = { attempts: 100, giveUpMs: 60_000 }
  await create({ timeoutMs: 100, ...patient })(transition(1), health)
  assert.ok(posts.length >= 2)
})

test('says why nobody could be reached, and no more of the URL than its origin', async (t) => {
  const { url } = await start(t, () => {})
  const closed = new URL(url)
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  closed.port = String((server.address() as AddressInfo).port)
  await new Promise((resolve) => server.close(resolve))
  const observer = webhookObserver({ url: closed, attempts: 2, retryDelayMs: 0 })
  await assert.rejects(
    async () => observer(transition(1), health),
    (error: Error) => {
      assert.match(error.message, /origin=http:\/\/127\.0\.0\.1:\d+ error=ECONNREFUSED$/)
      assert.doesNotMatch(error.message, /secret|token/)
      return true
    },
  )
})

test('is told of the transitions of a runtime, at most one POST at a time', async (t) => {
  let open = 0
  const { posts, create } = await start(t, ({ response }) => {
    assert.equal(++open, 1)
    setImmediate(() => {
      open--
      response.end()
    })
  })
  const runtime = await HealthManager.start()
  t.after(() => runtime.stop())
  await runtime.setTransitionObserver(create(), { concurrency: 100 })
  const reporter = runtime.register('c')
  for (let i = 0; i < 200; i++) reporter.update((1 + (i % 3)) as HealthStatus, `${i}`)
  await runtime.stop()
  const expected = Array.from({ length: 200 }, (_, i) => i + 1)
  assert.deepEqual(posts.flatMap(numbersOf), expected)
  assert.ok(posts.length < 100)
})

for (const [what, options] of [
  ['a URL that is none', { url: 'nowhere' }],
  ['another protocol', { url: 'ftp://example.test/' }],
  ['credentials in the URL', { url: 'http://user:password@example.test/' }],
  ['no attempts', { url: 'http://example.test/', attempts: 0 }],
  ['an option that is not known', { url: 'http://example.test/', retries: 1 }],
  ['headers that are no strings', { url: 'http://example.test/', headers: { a: 1 } }],
] as const) {
  test(`refuses ${what}, and shows no secret`, () => {
    assert.throws(
      () => webhookObserver(options as unknown as WebhookOptions),
      (error: Error) => {
        assert.equal(Reflect.get(error, 'code'), 'ERR_HEALTH_ARGUMENT')
        assert.doesNotMatch(error.message, /password/)
        return true
      },
    )
  })
}
