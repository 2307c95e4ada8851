import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { BreadcrumbWriter, readBreadcrumb } from '../../src/memory/breadcrumb.js'
import { MAX_BREADCRUMB_BYTES } from '../../src/memory/layout.js'
import { nowTicks, ticksSince } from '../../src/memory/ticks.js'
import { StoppedClock, smallRegion } from './core-support.js'

function rig(t: TestContext) {
  const clock = new StoppedClock(t)
  const region = smallRegion()
  return {
    clock,
    region,
    writer: new BreadcrumbWriter(region, 1),
    read: () => {
      const found = readBreadcrumb(region, 1)
      return found && { text: found.text, ageTicks: ticksSince(nowTicks(), found.begunAt) }
    },
  }
}

test('a breadcrumb is read with its age until it is cleared', (t) => {
  const { clock, writer, read } = rig(t)
  assert.equal(read(), undefined)
  writer.set('parse batch')
  clock.pass(12_400)
  assert.deepEqual(read(), { text: 'parse batch', ageTicks: 1_240 })
  writer.set('')
  assert.equal(read(), undefined)
})

test('one that is left again begins anew, cleared in between or not', (t) => {
  const { clock, writer, read } = rig(t)
  writer.set('parse batch')
  clock.pass(100)
  writer.set('parse batch')
  assert.deepEqual(read(), { text: 'parse batch', ageTicks: 0 })
  writer.set('')
  clock.pass(100)
  writer.set('parse batch')
  assert.deepEqual(read(), { text: 'parse batch', ageTicks: 0 })
})

test('a shorter one leaves nothing of a longer one', (t) => {
  const { writer, read } = rig(t)
  writer.set('x'.repeat(MAX_BREADCRUMB_BYTES))
  writer.set('größer')
  assert.equal(read()?.text, 'größer')
})

test('one that is too long is cut between characters', (t) => {
  const { writer, read } = rig(t)
  const cuts: [text: string, kept: string][] = [
    ['x'.repeat(65), 'x'.repeat(64)],
    ['ä'.repeat(33), 'ä'.repeat(32)],
    [`x${'ä'.repeat(32)}`, `x${'ä'.repeat(31)}`],
    [`${'x'.repeat(61)}😀`, 'x'.repeat(61)],
    [`${'x'.repeat(60)}😀!`, `${'x'.repeat(60)}😀`],
    ['\ud83d!', '\ufffd!'],
  ]
  for (const [text, kept] of cuts) {
    writer.set(text)
    assert.equal(read()?.text, kept)
  }
})

test('each mailbox has its own, and one that changes hands begins without', (t) => {
  const { region, writer, read } = rig(t)
  writer.set('parse batch')
  new BreadcrumbWriter(region, 0).set('other')
  new BreadcrumbWriter(region, 2).set('another')
  assert.equal(read()?.text, 'parse batch')
  new BreadcrumbWriter(region, 1)
  assert.equal(read(), undefined)
})
