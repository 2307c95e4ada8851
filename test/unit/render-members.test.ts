import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ComponentStatus, HealthReport } from '../../src/model/report.js'
import { ComponentMembers } from '../../src/probe/members.js'
import { renderMember } from '../../src/probe/render.js'
import { componentStatus, reportOf } from '../fake-reader.js'

/** Members that note whose rendering was asked for. */
function noting() {
  const rendered: string[] = []
  const members = new ComponentMembers((name, status) => {
    rendered.push(name)
    return renderMember(name, status)
  })
  return { members, rendered }
}

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString()

function expected(report: HealthReport): string {
  return [...report].map(([name, status]) => `${renderMember(name, status)},`).join('')
}

function changed(report: HealthReport, changes: Record<string, ComponentStatus>): HealthReport {
  return new Map([...report, ...Object.entries(changes)])
}

const letters = reportOf({ a: [1, 'm'], b: [2], c: [1, 'é', { k: 'v' }], d: [0], e: [3] })

test('members are rendered once for a report', () => {
  const { members, rendered } = noting()
  members.update(letters)
  members.update(letters)
  assert.deepEqual(rendered, ['a', 'b', 'c', 'd', 'e'])
  assert.equal(text(members.bytes), expected(letters))
})

for (const name of letters.keys()) {
  test(`only ${name} is rendered again when only ${name} has changed`, () => {
    const { members, rendered } = noting()
    members.update(letters)
    rendered.length = 0
    for (const message of ['longer than it was before', '', '中']) {
      const report = changed(letters, { [name]: componentStatus([1, message]) })
      members.update(report)
      assert.equal(text(members.bytes), expected(report))
    }
    assert.deepEqual(rendered, [name, name, name])
  })
}

test('nothing is rendered again for a component that comes but itself', () => {
  const { members, rendered } = noting()
  members.update(letters)
  rendered.length = 0
  const entries = [...letters]
  entries.splice(2, 0, ['bb', componentStatus([1])])
  const report = new Map(entries)
  members.update(report)
  assert.deepEqual(rendered, ['bb'])
  assert.equal(text(members.bytes), expected(report))
})

test('nothing is rendered again when components go', () => {
  const { members, rendered } = noting()
  members.update(letters)
  rendered.length = 0
  const report = new Map([...letters].filter(([name]) => name !== 'b' && name !== 'e'))
  members.update(report)
  assert.deepEqual(rendered, [])
  assert.equal(text(members.bytes), expected(report))
  members.update(new Map())
  assert.equal(text(members.bytes), '')
  assert.equal(members.find('a'), -1)
})

test('the same status object under another name is rendered under that name', () => {
  const { members } = noting()
  members.update(letters)
  const report = new Map([['z', letters.get('a')!]])
  members.update(report)
  assert.equal(text(members.bytes), expected(report))
})

test('a member is found by its name and by its status', () => {
  const { members } = noting()
  members.update(letters)
  assert.equal(members.find('c'), 2)
  assert.equal(members.find('nobody'), -1)
  assert.equal(
    text(members.member(2)),
    '"c":{"status":"healthy","message":"é","metadata":{"k":"v"}},',
  )
  assert.equal(members.memberBytes(2), members.member(2).length)
  assert.equal(members.findStatus(1, 0), 0)
  assert.equal(members.findStatus(1, 1), 2)
  assert.equal(members.findStatus(1, 3), -1)
})

test('a status that only components of an earlier report had is not found', () => {
  const { members } = noting()
  for (const report of [letters, letters, reportOf({ a: [1] }), reportOf({ b: [2] })]) {
    members.update(report)
  }
  assert.equal(members.findStatus(3, 0), -1)
})

test('a rendering that fails leaves the members as they were', () => {
  let isFailing = false
  const members = new ComponentMembers((name, status) => {
    if (isFailing) throw new Error('no room')
    return renderMember(name, status)
  })
  members.update(letters)
  isFailing = true
  const next = changed(letters, { c: componentStatus([3]) })
  assert.throws(() => members.update(next), /no room/)
  assert.equal(text(members.bytes), expected(letters))
  isFailing = false
  members.update(next)
  assert.equal(text(members.bytes), expected(next))
})
