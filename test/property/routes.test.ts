// Requests of any kind: what clients may send, and what a parser that is not ours may let through.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HealthError } from '../../src/model/errors.js'
import { parseProbeQuery, parseTarget } from '../../src/probe/query.js'
import { createProbeHandler, type Detail } from '../../src/probe/routes.js'
import { answerOf, legible } from '../ask.js'
import { FakeReader, type Given, reportOf } from '../fake-reader.js'
import { anyText, check } from './support.js'

const TOKEN = 'never-to-be-shown-token'
const PATHS = [
  '/healthz',
  '/livez',
  '/readyz',
  '/startupz',
  '/components',
  '/components/',
  '/metrics',
  '/%68ealthz',
  '/',
  '',
  '*',
]
const WORDS = [
  'verbose',
  'exclude',
  'failon',
  '=',
  '&',
  '+',
  '%',
  '%0a',
  '%zz',
  '%ff',
  'degraded',
  'collector_manager',
  '?',
  '#',
]
const anyPiece = fc.oneof(fc.constantFrom(...WORDS), anyText(6))
const anyQuery = fc.array(anyPiece, { maxLength: 12 }).map((pieces) => pieces.join(''))
const anyTarget = fc
  .tuple(
    fc.oneof(fc.constantFrom(...PATHS), anyText()),
    fc.oneof(fc.constant(''), anyText(8)),
    fc.option(anyQuery),
  )
  .map(([path, rest, query]) => `${path}${rest}${query === null ? '' : `?${query}`}`)
const anyMethod = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('GET', 'HEAD') },
  fc.constantFrom('POST', 'OPTIONS', 'get', ''),
  anyText(8),
)
const anyHeaders = fc.record({
  'user-agent': fc.oneof(fc.constantFrom('', 'kube-probe/1.30', 'curl'), anyText()),
  authorization: fc.oneof(
    fc.constantFrom('', `Bearer ${TOKEN}`, `bearer  ${TOKEN}`, `Bearer ${TOKEN}x`),
    anyText(),
  ),
})
const anyGiven = fc.tuple(fc.constantFrom(0, 1, 2, 3), anyText(), fc.constant({ k: '<v>' }))
const anyReader = fc
  .record({
    named: fc.dictionary(fc.constantFrom('collector_manager', 'dakr_transport'), anyGiven),
    others: fc.dictionary(anyText(6), anyGiven, { maxKeys: 4 }),
    flags: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    size: fc.constantFrom(0, 0, 0, 200),
    isFailing: fc.boolean(),
  })
  .map(
    ({
      named,
      others,
      flags: [isStandby, isLivenessSuppressed, isReadinessSuppressed],
      ...rest
    }) => {
      const many = Array.from({ length: rest.size }, (_, i): [string, Given] => [
        `member_${i}`,
        [1, 'm'.repeat(60)],
      ])
      return Object.assign(new FakeReader(), {
        report: reportOf({ ...others, ...Object.fromEntries(many), ...named } as Record<
          string,
          Given
        >),
        gate: { isStandby, isLivenessSuppressed, isReadinessSuppressed },
        failure: rest.isFailing ? new HealthError('ERR_HEALTH_STOPPED', 'stopped "<>"') : undefined,
      })
    },
  )

const STATUSES = [200, 400, 401, 404, 405, 503]

test('any request is answered with a known status, in JSON or text, and without the token', async () => {
  await fc.assert(
    fc.asyncProperty(
      anyReader,
      fc.constantFrom<Detail>('always', 'never', 'authorized'),
      fc.array(
        fc.record({
          target: anyTarget,
          method: anyMethod,
          headers: anyHeaders,
          isFromLoopback: fc.boolean(),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      async (reader, detail, requests) => {
        const scrape = () => Promise.reject(new Error('none'))
        const handler = createProbeHandler(reader, { audience: { detail, token: TOKEN }, scrape })
        for (const { target, ...asking } of requests) {
          const { status, contentType, body } = legible(await answerOf(handler, target, asking))
          assert.ok(STATUSES.includes(status))
          assert.ok(body.endsWith('\n'))
          assert.ok(!body.includes(TOKEN))
          if (contentType === 'application/json') {
            assert.equal(typeof JSON.parse(body), 'object')
            assert.equal(body.indexOf('\n'), body.length - 1)
          } else {
            assert.equal(contentType, 'text/plain; charset=utf-8')
            assert.match(body, /^(([[][+-][\]]|warn: ).*\n)*\w+ check (passed|failed)\n$/)
          }
        }
      },
    ),
    { numRuns: 1_000 * Number(process.env['HEALTH_RUNS'] ?? 1), ...seed() },
  )
})

function seed(): { seed?: number } {
  const given = process.env['HEALTH_SEED']
  return given === undefined ? {} : { seed: Number(given) }
}

/** Ways of writing a parameter's name or value that all mean the same. */
function anySpelling(text: string): fc.Arbitrary<string> {
  const encoded = encodeURIComponent(text)
  const everyByte = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
  return fc.constantFrom(encoded, encoded.replaceAll('%20', '+'), everyByte.join(''))
}

test('a query means what its parameters say, however they are written', () => {
  const anyValue = fc.string({ unit: 'binary', maxLength: 10 })
  const parameter = fc.oneof(
    fc.tuple(fc.constant('exclude'), anyValue),
    fc.tuple(fc.constant('verbose'), anyValue),
    fc.constant(['failon', 'degraded'] as const),
    fc.tuple(fc.constantFrom('Exclude', 'excludes', '', 'x', 'verbose '), anyValue),
  )
  const written = fc.array(parameter, { maxLength: 8 }).chain((parameters) =>
    fc.record({
      parameters: fc.constant(parameters),
      query: fc
        .tuple(
          ...parameters.map(([name, value]) => fc.tuple(anySpelling(name), anySpelling(value))),
        )
        .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&')),
      separators: fc.constantFrom('', '&', '&&'),
    }),
  )
  check(
    fc.property(written, ({ parameters, query, separators }) => {
      const valuesOf = (name: string) =>
        parameters.filter(([other]) => other === name).map(([, value]) => value)
      assert.deepEqual(parseProbeQuery(`${separators}${query}${separators}`), {
        isVerbose: valuesOf('verbose').length > 0,
        excluded: new Set(valuesOf('exclude')),
        failOn: valuesOf('failon').length > 0 ? 'degraded' : 'unhealthy',
      })
    }),
    1_000,
  )
})

test('any query is read as URLSearchParams reads it, or refused', () => {
  check(
    fc.property(anyQuery, (query) => {
      const asked = parseProbeQuery(query)
      const parameters = new URLSearchParams(query)
      const isRefused = parameters.getAll('failon').some((value) => value !== 'degraded')
      assert.equal('problem' in asked, isRefused)
      if ('problem' in asked) return
      assert.equal(asked.isVerbose, parameters.has('verbose'))
      assert.deepEqual(asked.excluded, new Set(parameters.getAll('exclude')))
    }),
    1_000,
  )
})

test('a path is what its encoding says, and its query is left alone', () => {
  check(
    fc.property(fc.string({ unit: 'binary' }), anyText(), (name, query) => {
      const target = `/components/${encodeURIComponent(name)}?${query}`
      assert.deepEqual(parseTarget(target), { path: `/components/${name}`, query })
    }),
    1_000,
  )
})
