import assert from 'node:assert/strict'
import { test } from 'node:test'
import { quoteWithin } from '../../src/probe/go-json.js'
import {
  renderBody,
  renderComponent,
  renderError,
  renderMember,
  renderVerdict,
} from '../../src/probe/render.js'
import { componentStatus } from '../fake-reader.js'

const text = (body: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)

test('a component shows its status alone where there is nothing else', () => {
  assert.equal(renderComponent(componentStatus([2])), '{"status":"degraded"}')
})

test('a component shows message and metadata, keys by their UTF-8 bytes', () => {
  const metadata = { '\u{1f600}': '4', '\uffee': '3', b: '2', 10: '1', a: '1', 9: '0' }
  assert.equal(
    renderComponent(componentStatus([3, 'gone', metadata])),
    '{"status":"unhealthy","message":"gone","metadata":{"10":"1","9":"0","a":"1","b":"2","\uffee":"3","\u{1f600}":"4"}}',
  )
})

test('a member escapes its name like a value', () => {
  assert.equal(
    renderMember('a<b\ud800', componentStatus([1])),
    '"a\\u003cb\\ufffd":{"status":"healthy"}',
  )
})

test('an error is JSON with a newline', () => {
  assert.equal(text(renderError('not <found>')), '{"error":"not \\u003cfound\\u003e"}\n')
})

test('a verdict leaves out an error that is empty', () => {
  assert.equal(renderVerdict('ready', undefined), '{"status":"ready"')
  assert.equal(renderVerdict('ready', ''), '{"status":"ready"')
  assert.equal(renderVerdict('not ready', '<'), '{"status":"not ready","error":"\\u003c"')
})

test('a body closes its last member in place of the comma', () => {
  const members = Buffer.from('"a":{},"b":{},')
  assert.equal(
    text(renderBody('{"status":"x"', members)),
    '{"status":"x","components":{"a":{},"b":{}}}\n',
  )
  assert.equal(text(renderBody('{', members)), '{"components":{"a":{},"b":{}}}\n')
  assert.equal(text(members), '"a":{},"b":{},')
})

test('a body without members has no components', () => {
  assert.equal(text(renderBody('{"status":"x"', new Uint8Array(0))), '{"status":"x"}\n')
  assert.equal(text(renderBody('{', new Uint8Array(0))), '{}\n')
})

test('a text that fits is quoted whole', () => {
  assert.equal(quoteWithin('é<', 10), '"é\\u003c"')
})

test('a text that does not fit is cut between characters and says how much is missing', () => {
  const cut = quoteWithin('é'.repeat(100), 41)
  assert.equal(cut, `"${'é'.repeat(7)}… [truncated 186 bytes]"`)
  assert.equal(Buffer.byteLength(cut), 41)
})

test('a text is cut by what its escapes take, never within one', () => {
  const cut = quoteWithin('<'.repeat(100), 50)
  assert.ok(Buffer.byteLength(cut) <= 50)
  assert.match(cut, /^"(\\u003c){4}… \[truncated 96 bytes\]"$/)
})
