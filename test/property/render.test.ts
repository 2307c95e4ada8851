// Bodies against an encoder written from the rules of the reference § 2.3-2.4, character by character.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type HealthStatus, healthStatusName } from '../../src/model/health-status.js'
import { type ComponentStatus, compareUtf8, type HealthReport } from '../../src/model/report.js'
import { quote, quoteWithin } from '../../src/probe/go-json.js'
import { renderForKubelet } from '../../src/probe/kubelet-body.js'
import { ComponentMembers } from '../../src/probe/members.js'
import { renderBody, renderMember, renderVerdict } from '../../src/probe/render.js'
import { componentStatus } from '../fake-reader.js'
import { anyMetadata, anyText, check } from './support.js'

const SHORT_FORMS = new Map([
  [0x22, '\\"'],
  [0x5c, '\\\\'],
  [0x08, '\\b'],
  [0x0c, '\\f'],
  [0x0a, '\\n'],
  [0x0d, '\\r'],
  [0x09, '\\t'],
])
const HTML = '<>&'
const HEX = '0123456789abcdef'

function goString(text: string): string {
  let json = '"'
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    const next = text.charCodeAt(i + 1)
    if (unit >= 0xd800 && unit < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
      json += text[i]! + text[++i]!
    } else if (unit >= 0xd800 && unit < 0xe000) json += '\\ufffd'
    else if (SHORT_FORMS.has(unit)) json += SHORT_FORMS.get(unit)
    else if (unit < 0x20 || HTML.includes(text[i]!))
      json += `\\u00${HEX[unit >> 4]}${HEX[unit & 15]}`
    else if (unit === 0x2028) json += '\\u2028'
    else if (unit === 0x2029) json += '\\u2029'
    else json += text[i]
  }
  return `${json}"`
}

function goComponent({ status, message, metadata }: ComponentStatus): string {
  const members = [`"status":"${healthStatusName(status)}"`]
  if (message !== '') members.push(`"message":${goString(message)}`)
  const pairs = Object.entries(metadata)
    .sort(([a], [b]) => compareUtf8(a, b))
    .map(([key, value]) => `${goString(key)}:${goString(value)}`)
  if (pairs.length > 0) members.push(`"metadata":{${pairs.join(',')}}`)
  return `{${members.join(',')}}`
}

function goBody(status: string, error: string, report: HealthReport): string {
  const members = [`"status":${goString(status)}`]
  if (error !== '') members.push(`"error":${goString(error)}`)
  const components = [...report].map(([name, each]) => `${goString(name)}:${goComponent(each)}`)
  if (components.length > 0) members.push(`"components":{${components.join(',')}}`)
  return `{${members.join(',')}}\n`
}

const anyStatus = fc.constantFrom<HealthStatus>(0, 1, 2, 3)
const anyComponent = fc
  .tuple(anyStatus, anyText(), anyMetadata())
  .map(([status, message, metadata]) => componentStatus([status, message, metadata]))
const anyName = fc.oneof(anyText(20), fc.constantFrom('__proto__', 'constructor', '1', '01'))
const anyReport = fc
  .uniqueArray(fc.tuple(anyName, anyComponent), { maxLength: 12, selector: ([name]) => name })
  .map((pairs): HealthReport => new Map(pairs.sort(([a], [b]) => compareUtf8(a, b))))

const text = (bytes: Uint8Array) =>
  new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)

test('any string is quoted as Go does, and is the same string again', () => {
  check(
    fc.property(anyText(), (given) => {
      const json = quote(given)
      assert.equal(json, goString(given))
      assert.equal(JSON.parse(json), given.toWellFormed())
    }),
    5_000,
  )
})

test('any report is a body as Go writes it, and the same report again', () => {
  check(
    fc.property(anyReport, fc.oneof(fc.constant(''), anyText()), (report, error) => {
      const members = new ComponentMembers()
      members.update(report)
      const body = text(renderBody(renderVerdict('not ready', error), members.bytes))
      assert.equal(body, goBody('not ready', error, report))
      const parsed = JSON.parse(body)
      assert.equal(parsed.error ?? '', error.toWellFormed())
      // Names of which only the lone surrogates differ become one.
      for (const name of Object.keys(parsed.components ?? {})) {
        const same = [...report].filter(([other]) => other.toWellFormed() === name)
        const messages = same.map(([, { message }]) => message.toWellFormed())
        assert.ok(messages.includes(parsed.components[name].message ?? ''))
      }
    }),
    2_000,
  )
})

test('after any changes the members are those of the last report, and only what changed was rendered', () => {
  const step = fc.record({ keep: fc.array(fc.boolean(), { maxLength: 12 }), report: anyReport })
  check(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      let rendered: string[] = []
      const members = new ComponentMembers((name, status) => {
        rendered.push(name)
        return renderMember(name, status)
      })
      let last: HealthReport = new Map()
      for (const { keep, report: drawn } of steps) {
        const kept = [...last].filter((_, i) => keep[i])
        const pairs = [...new Map([...drawn, ...kept])].sort(([a], [b]) => compareUtf8(a, b))
        const report = new Map(pairs)
        rendered = []
        members.update(report)
        const expected = pairs.map(([name, each]) => `${goString(name)}:${goComponent(each)},`)
        assert.equal(text(members.bytes), expected.join(''))
        const changed = pairs.filter(([name, each]) => last.get(name) !== each)
        assert.deepEqual(
          rendered,
          changed.map(([name]) => name),
        )
        for (const [position, member] of expected.entries()) {
          assert.equal(text(members.member(position)), member)
          assert.equal(members.find(pairs[position]![0]), position)
        }
        for (const status of [0, 1, 2, 3] as const) {
          const position = pairs.findIndex(([, each]) => each.status === status)
          assert.equal(members.findStatus(status, 0), position)
        }
        last = report
      }
    }),
    1_000,
  )
})

test('what is quoted within some bytes fits, and is a beginning of the string', () => {
  check(
    fc.property(anyText(200), fc.integer({ min: 40, max: 200 }), (given, maxBytes) => {
      const json = quoteWithin(given, maxBytes)
      assert.ok(Buffer.byteLength(json) <= maxBytes)
      if (json === goString(given)) return
      const [, kept = '', missing] = /^"(.*)… \[truncated (\d+) bytes\]"$/.exec(json)!
      assert.ok(goString(given).startsWith(`"${kept}`))
      const keptText: string = JSON.parse(`"${kept}"`)
      assert.equal(Buffer.byteLength(keptText) + Number(missing), Buffer.byteLength(given))
    }),
    2_000,
  )
})

test('a body for a kubelet is valid, within its bytes, and of components that are there', () => {
  const anyLength = fc.oneof(fc.nat({ max: 100 }), fc.nat({ max: 4_000 }))
  const large = fc.tuple(anyReport, anyText(4), anyLength).map(([report, filling, times]) => {
    const message = filling.repeat(times)
    return new Map([...report].map(([name, each]) => [name, { ...each, message }]))
  })
  check(
    fc.property(large, anyText(4), anyLength, fc.array(anyName), (report, error, times, others) => {
      const members = new ComponentMembers()
      members.update(report)
      const failing = [...new Set([...others, ...report.keys()])].filter((_, i) => i % 2 === 0)
      const body = renderForKubelet('not ready', error.repeat(times), failing, members)
      assert.ok(body.length <= 10_240)
      const parsed = JSON.parse(text(body))
      assert.equal(parsed.status, 'not ready')
      const known = new Set([...report.keys()].map((name) => name.toWellFormed()))
      for (const name of Object.keys(parsed.components ?? {})) assert.ok(known.has(name))
    }),
    500,
  )
})
