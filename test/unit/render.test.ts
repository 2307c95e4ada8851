import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quote, renderError, renderVerdict, VerdictRenderer } from '../../src/probe/render.js'
import { checkError, type Given, reportOf } from '../fake-reader.js'

const text = (body: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)

// The examples of the reference § 2.3, byte for byte.
const goldenVerdicts: readonly [
  what: string,
  status: string,
  error: string | undefined,
  components: Record<string, Given>,
  body: string,
][] = [
  ['nothing registered, alive', 'healthy', undefined, {}, '{"status":"healthy"}\n'],
  [
    'nothing registered, not ready',
    'not ready',
    'collector_manager is not registered',
    {},
    '{"status":"not ready","error":"collector_manager is not registered"}\n',
  ],
  [
    'registered and untouched',
    'not ready',
    'collector_manager is not ready (status: unspecified)',
    { collector_manager: [0], dakr_transport: [0] },
    '{"status":"not ready","error":"collector_manager is not ready (status: unspecified)","components":{"collector_manager":{"status":"unspecified"},"dakr_transport":{"status":"unspecified"}}}\n',
  ],
  [
    'messages and metadata',
    'healthy',
    undefined,
    {
      collector_manager: [1, '55/60 active', { active: '55' }],
      dakr_transport: [2, 'retrying'],
    },
    '{"status":"healthy","components":{"collector_manager":{"status":"healthy","message":"55/60 active","metadata":{"active":"55"}},"dakr_transport":{"status":"degraded","message":"retrying"}}}\n',
  ],
  [
    'an unhealthy component',
    'unhealthy',
    'collector_manager is unhealthy: no collectors running',
    { collector_manager: [3, 'no collectors running'] },
    '{"status":"unhealthy","error":"collector_manager is unhealthy: no collectors running","components":{"collector_manager":{"status":"unhealthy","message":"no collectors running"}}}\n',
  ],
]

for (const [what, status, error, components, body] of goldenVerdicts) {
  test(`a body is that of the reference: ${what}`, () => {
    assert.equal(text(renderVerdict(status, error, reportOf(components))), body)
  })
}

// What Go's encoding/json writes for each string, reference § 2.4.
const goldenStrings: readonly [what: string, input: string, json: string][] = [
  ['nothing', '', '""'],
  ['HTML characters', '<a href="x">&</a>', '"\\u003ca href=\\"x\\"\\u003e\\u0026\\u003c/a\\u003e"'],
  ['the line separators', 'a\u2028b\u2029c', '"a\\u2028b\\u2029c"'],
  ['quote and backslash', '"\\', '"\\"\\\\"'],
  ['the short forms', '\n\r\t\b\f', '"\\n\\r\\t\\b\\f"'],
  ['other control characters', '\0\u0001\u000b\u001f', '"\\u0000\\u0001\\u000b\\u001f"'],
  ['slash and delete', '/\u007f', '"/\u007f"'],
  ['other characters', 'é中\u{1f600}\ufeff\ufffd', '"é中\u{1f600}\ufeff\ufffd"'],
  ['a lone high surrogate', 'a\ud800b', '"a\\ufffdb"'],
  ['a lone low surrogate', '\udc00', '"\\ufffd"'],
  ['surrogates the wrong way round', '\udc00\ud800', '"\\ufffd\\ufffd"'],
  ['a lone surrogate beside a pair', '\ud83d\ud83d\ude00', '"\\ufffd\u{1f600}"'],
  ['text that looks like an escape', '\\ud800 \\u003c', '"\\\\ud800 \\\\u003c"'],
  ['that beside a lone surrogate', '\\ud800\ud800<', '"\\\\ud800\\ufffd\\u003c"'],
]

for (const [what, input, json] of goldenStrings) {
  test(`a string is escaped as Go does: ${what}`, () => {
    assert.equal(quote(input), json)
  })
}

test('keys are escaped like values', () => {
  const report = reportOf({ 'a<b': [1, '', { '<k>': '&', '\ud800': '"' }] })
  assert.equal(
    text(renderVerdict('healthy', undefined, report)),
    '{"status":"healthy","components":{"a\\u003cb":{"status":"healthy","metadata":{"\\u003ck\\u003e":"\\u0026","\\ufffd":"\\""}}}}\n',
  )
})

test('metadata keys are sorted by their UTF-8 bytes', () => {
  const metadata = { '\u{1f600}': '4', '\uffee': '3', b: '2', 10: '1', a: '1', 9: '0' }
  assert.equal(
    text(renderVerdict('healthy', undefined, reportOf({ c: [1, '', metadata] }))),
    '{"status":"healthy","components":{"c":{"status":"healthy","metadata":{"10":"1","9":"0","a":"1","b":"2","\uffee":"3","\u{1f600}":"4"}}}}\n',
  )
})

test('a metadata key of __proto__ is an ordinary key', () => {
  const metadata = JSON.parse('{"__proto__":"x"}')
  assert.equal(
    text(renderVerdict('healthy', undefined, reportOf({ c: [1, '', metadata] }))),
    '{"status":"healthy","components":{"c":{"status":"healthy","metadata":{"__proto__":"x"}}}}\n',
  )
})

test('an error is JSON with a newline', () => {
  assert.equal(text(renderError('not <found>')), '{"error":"not \\u003cfound\\u003e"}\n')
})

test('the same status object under another name is rendered under that name', () => {
  const report = reportOf({ a: [1, 'm'] })
  renderVerdict('healthy', undefined, report)
  const renamed = new Map([['b', report.get('a')!]])
  assert.equal(
    text(renderVerdict('healthy', undefined, renamed)),
    '{"status":"healthy","components":{"b":{"status":"healthy","message":"m"}}}\n',
  )
})

test('a body is kept while report and verdict are the same', () => {
  const renderer = new VerdictRenderer('healthy', 'unhealthy')
  const report = reportOf({ a: [1] })
  const body = renderer.render(report, checkError('why'))
  assert.equal(renderer.render(report, checkError('why')), body)
})

test('a body is rendered anew for another report', () => {
  const renderer = new VerdictRenderer('healthy', 'unhealthy')
  renderer.render(reportOf({ a: [1] }), undefined)
  assert.equal(
    text(renderer.render(reportOf({ a: [2] }), undefined)),
    '{"status":"healthy","components":{"a":{"status":"degraded"}}}\n',
  )
})

test('a body is rendered anew for another verdict on the same report', () => {
  const renderer = new VerdictRenderer('healthy', 'unhealthy')
  const report = reportOf({})
  renderer.render(report, undefined)
  assert.equal(
    text(renderer.render(report, checkError('why'))),
    '{"status":"unhealthy","error":"why"}\n',
  )
  assert.equal(text(renderer.render(report, undefined)), '{"status":"healthy"}\n')
})
