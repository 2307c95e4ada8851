import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TableReader, watch } from '../../src/memory/table-reader.js'
import { Bench } from './core-support.js'

function rig(sizes = {}) {
  const bench = new Bench(sizes)
  const attachment = bench.attach()
  return { bench, attachment, reader: new TableReader(bench.region, 0) }
}

test('a component that has not changed keeps the very status object of the report before', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'idle').healthy('ok', { a: '1' })
  const busy = bench.register(attachment, 'busy')
  const before = reader.snapshot().report
  busy.healthy('news')
  bench.drain.run()
  const after = reader.snapshot().report
  assert.notEqual(after, before)
  assert.equal(after.get('idle'), before.get('idle'))
  assert.equal(after.get('busy')?.message, 'news')
  assert.equal(before.get('busy')?.message, '')
})

test('a report stays the same object until something changes', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'x')
  const { report } = reader.snapshot()
  assert.equal(reader.snapshot().report, report)
  reporter.healthy()
  bench.drain.run()
  assert.notEqual(reader.snapshot().report, report)
})

test('metadata that an update keeps is not decoded again', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'x')
  reporter.healthy('one', { a: '1' })
  bench.drain.run()
  const { metadata } = reader.snapshot().report.get('x')!
  reporter.healthy('two')
  bench.drain.run()
  const after = reader.snapshot().report.get('x')!
  assert.equal(after.message, 'two')
  assert.equal(after.metadata, metadata)
})

test('a slot that was given to another component shows nothing of the one before', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'first').unhealthy('gone', { a: '1' })
  bench.drain.run()
  reader.snapshot()
  bench.reporter(attachment, 'first').deregister()
  bench.register(attachment, 'second')
  const { report } = reader.snapshot()
  assert.deepEqual([...report.keys()], ['second'])
  const { status, message, metadata } = report.get('second')!
  assert.deepEqual(
    { status, message, keys: Object.keys(metadata) },
    { status: 0, message: '', keys: [] },
  )
  assert.deepEqual(reader.glance([watch('first')]).statuses, [undefined])
})

test('transitions are counted by the status they led to, from each registration on', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'x')
  bench.register(attachment, 'idle')
  for (const status of [1, 3, 3, 2, 1, 0] as const) reporter.update(status, `${status}`)
  bench.drain.run()
  reader.snapshot()
  assert.deepEqual(reader.transitions('x'), { 0: 1, 1: 2, 2: 1, 3: 1 })
  assert.deepEqual(reader.transitions('idle'), { 0: 0, 1: 0, 2: 0, 3: 0 })
  assert.equal(reader.transitions('unknown'), undefined)
  reporter.deregister()
  bench.register(attachment, 'x')
  reader.snapshot()
  assert.deepEqual(reader.transitions('x'), { 0: 0, 1: 0, 2: 0, 3: 0 })
})

test('the transitions of a component that is gone since the last read are nobody else’s', () => {
  const { bench, attachment, reader } = rig()
  const reporter = bench.register(attachment, 'first')
  reporter.healthy()
  bench.drain.run()
  reader.snapshot()
  reporter.deregister()
  bench.register(attachment, 'second').degraded()
  bench.drain.run()
  assert.equal(reader.transitions('first'), undefined)
})

test('statuses and their metadata are frozen', () => {
  const { bench, attachment, reader } = rig()
  bench.register(attachment, 'x').healthy('ok', { a: '1' })
  bench.drain.run()
  const status = reader.snapshot().report.get('x')!
  assert.ok(Object.isFrozen(status))
  assert.ok(Object.isFrozen(status.metadata))
})

test('the longest name is read whole also where payloads may only be short', () => {
  const { bench, attachment, reader } = rig({ maxPayloadBytes: 64 })
  const name = 'n'.repeat(255)
  bench.register(attachment, name).healthy('m'.repeat(64), { k: 'v'.repeat(40) })
  bench.drain.run()
  const { report } = reader.snapshot()
  assert.deepEqual([...report.keys()], [name])
  assert.equal(report.get(name)?.message, 'm'.repeat(64))
})
