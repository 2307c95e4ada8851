// What a reporter takes, where the rest comes from, and that nothing secret is in what it refuses.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  findMissing,
  type HeartbeatReporterOptions,
  resolveHeartbeatOptions,
} from '../../src/heartbeat/options.js'

const resolve = (options: HeartbeatReporterOptions = {}, environment: NodeJS.ProcessEnv = {}) =>
  resolveHeartbeatOptions(options, environment)

test('the defaults are those of the reference', () => {
  const { startTime, ...settings } = resolve()
  assert.deepEqual(settings, {
    url: undefined,
    token: undefined,
    tokenFile: undefined,
    tls: {},
    clusterId: 'unknown',
    operatorType: 1,
    client: 'zxporter',
    version: '',
    commit: '',
    intervalMs: 15_000,
    jitterMs: 1_500,
    resendDelayMs: 5_000,
    attemptTimeoutMs: 10_000,
    finalTimeoutMs: 3_000,
    component: 'dakr_transport',
    sources: [],
    restarts: { max: 5, withinMs: 10_000 },
    workerBaseUrl: undefined,
  })
  assert.ok(Math.abs(startTime.seconds - (Date.now() / 1_000 - process.uptime())) < 60)
})

test('url, token and cluster come from the environment, unless they are given', () => {
  const environment = { DAKR_URL: 'https://e/', CLUSTER_TOKEN: 'te\n', CLUSTER_ID: 'ce' }
  const { url, token, clusterId } = resolve({}, environment)
  assert.deepEqual([url, token, clusterId], ['https://e', 'te', 'ce'])
  const given = resolve({ url: 'http://g/p//', token: 'tg', clusterId: 'cg' }, environment)
  assert.deepEqual([given.url, given.token, given.clusterId], ['http://g/p', 'tg', 'cg'])
  const file = resolve({ tokenFile: '/t' }, environment)
  assert.deepEqual([file.token, file.tokenFile], [undefined, '/t'])
  const empty = resolve({}, { DAKR_URL: '', CLUSTER_TOKEN: ' ', CLUSTER_ID: '' })
  assert.deepEqual([empty.url, empty.token, empty.clusterId], [undefined, undefined, 'unknown'])
})

test('what is missing is said', () => {
  const url = 'https://a'
  assert.match(findMissing(resolve()) ?? '', /no url/)
  assert.match(findMissing(resolve({ url })) ?? '', /no token/)
  for (const options of [{ token: 't' }, { tokenFile: '/t' }, { token: '' }]) {
    assert.equal(findMissing(resolve({ url, ...options })), undefined)
  }
})

describe('is refused:', () => {
  const source = { module: new URL(import.meta.url) }
  for (const options of [
    { url: 'ftp://a' },
    { url: 'a:443' },
    { url: 'https://user:secret@a' },
    { url: 'https://a?key=secret' },
    { url: 7 as never },
    { token: 'two secrets' },
    { token: 'secret\n' },
    { token: 7 as never },
    { token: 'secret', tokenFile: '/t' },
    { tokenFile: '' },
    { tls: { certFile: '/c' } },
    { tls: { keyFile: '/k' } },
    { tls: { caFile: '' } },
    { url: 'http://a', tls: { caFile: '/ca' } },
    { operatorType: 8 as never },
    { operatorType: 1.5 as never },
    { clusterId: 7 as never },
    { client: '' },
    { version: 'a\r\nb: c' },
    { commit: '\u00e4' },
    { startTime: new Date(Number.NaN) },
    { intervalMs: 99 },
    { intervalMs: 3_600_001 },
    { jitterMs: -1 },
    { resendDelayMs: Number.NaN },
    { attemptTimeoutMs: 0 },
    { finalTimeoutMs: Number.POSITIVE_INFINITY },
    { component: '' },
    { sources: {} as never },
    { sources: [{ module: 'https://a/b.js' }] },
    { sources: [{ ...source, data: () => {} }] },
    { sources: [{ ...source, more: 1 } as never] },
    { restarts: { max: -1 } },
    { workerBaseUrl: 'http://a/' },
    { intervall: 1 } as never,
  ] as HeartbeatReporterOptions[]) {
    test(JSON.stringify(options), () => {
      assert.throws(
        () => resolve(options),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'ERR_HEALTH_ARGUMENT')
          assert.doesNotMatch(error.message, /secret/)
          return true
        },
      )
    })
  }

  test('a token of the environment that none can be', () => {
    assert.throws(() => resolve({}, { CLUSTER_TOKEN: 'two secrets' }), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: /^typeof token="string": must be/,
    })
  })
})
