// Memory pressure, watched in the manager's thread: here the test is the manager, and drains when it likes. A watch that
// waited for it would wait for ever.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { Component, HealthStatus } from '../../src/index.js'
import { MemoryWatch } from '../../src/manager/memory-watch.js'
import { PHASE, PHASE_STOPPING } from '../../src/memory/layout.js'
import { resolveMemoryPressure } from '../../src/watch/memory-pressure-options.js'
import { CgroupFixture, unified } from '../memory-fixture.js'
import { Bench, SMALL } from './core-support.js'

const NAME = Component.MemoryPressure
/** The mailbox that the watch takes is the second one: the first registers the component. */
const THREADS = SMALL.maxThreads

function begin(t: TestContext, current: string, reaffirmMs = 600_000) {
  const bench = new Bench()
  const host = bench.attach(7)
  bench.register(host, NAME)
  const fixture = new CgroupFixture(t, unified(current, '1000'))
  const watch = () => {
    const settings = resolveMemoryPressure({ root: fixture.root, reaffirmMs }, 'options')
    const it = new MemoryWatch(bench.region, settings)
    t.after(() => it.stop())
    return it
  }
  const shown = () => {
    bench.drain.run()
    return bench.report().get(NAME)
  }
  return { bench, host, fixture, watch, shown }
}

test('a crossing is reported by a mailbox of its own, without waiting for the manager', async (t) => {
  const { bench, fixture, watch, shown } = begin(t, '900')
  const it = watch()
  assert.equal(await it.check(), true)
  assert.equal(bench.report().get(NAME)?.status, HealthStatus.Unspecified)
  assert.equal(shown()?.status, HealthStatus.Degraded)
  assert.deepEqual(
    { ...shown()?.metadata },
    { usage_bytes: '900', limit_bytes: '1000', usage_percent: '90.00' },
  )
  fixture.write('memory.current', '100')
  await it.check()
  assert.equal(shown()?.message, 'Memory usage back to normal')
})

test('where there is no cgroup the component says so, and stays unspecified', async (t) => {
  const { fixture, watch, shown } = begin(t, 'none')
  await watch().check()
  const message = `memory usage can't be read: ${fixture.root}/memory.current: "none" is not an unsigned 64-bit decimal number`
  assert.equal(shown()?.status, HealthStatus.Unspecified)
  assert.equal(shown()?.message, message)
})

test('a full mailbox is warned of once, keeps nobody, and loses no report', async (t) => {
  const { fixture, watch, shown } = begin(t, '900', 0)
  const it = watch()
  const warnings: string[] = []
  const listener = (warning: Error) => warnings.push(warning.message)
  process.on('warning', listener)
  t.after(() => process.off('warning', listener))
  const isFull = once(process, 'warning')
  // Each of them has more bytes than these.
  for (let i = 0; i < SMALL.mailboxBytes / 64; i++) {
    fixture.write('memory.current', `${900 + i}`)
    assert.equal(await it.check(), true)
  }
  await isFull
  fixture.write('memory.current', '100')
  assert.equal(await it.check(), true)
  assert.equal(shown()?.status, HealthStatus.Degraded)
  await it.check()
  assert.equal(shown()?.status, HealthStatus.Healthy)
  assert.deepEqual(warnings.length, 1)
  assert.match(warnings[0]!, /^memory pressure is not reported: publishTimeoutMs=0: the mailbox/)
})

test('without a free mailbox it warns once, and begins when there is one', async (t) => {
  const { bench, watch, shown } = begin(t, '900')
  const others = Array.from({ length: THREADS - 1 }, (_, i) => bench.attach(10 + i))
  const it = watch()
  const warned = once(process, 'warning')
  await it.check()
  await it.check()
  const [warning] = await warned
  assert.match(warning.message, /^memory pressure is not reported: maxThreads=4: /)
  assert.equal(shown()?.status, HealthStatus.Unspecified)
  others[0]!.detach()
  bench.drain.run()
  await it.check()
  assert.equal(shown()?.status, HealthStatus.Degraded)
})

test('a successor takes back what a watch that died has reported', async (t) => {
  const { bench, fixture, watch, shown } = begin(t, '900')
  await watch().check()
  assert.equal(shown()?.status, HealthStatus.Degraded)
  bench.restart()
  fixture.write('memory.current', '100')
  await watch().check()
  assert.equal(shown()?.status, HealthStatus.Healthy)
})

test('a successor takes back also what is still in the mailbox of a watch that died', async (t) => {
  const { bench, fixture, watch, shown } = begin(t, '900')
  await watch().check()
  bench.restart()
  fixture.write('memory.current', '100')
  const checked = watch().check()
  bench.drain.run()
  await checked
  assert.equal(shown()?.status, HealthStatus.Healthy)
})

test('a component that the program has deregistered stays away', async (t) => {
  const { bench, host, fixture, watch, shown } = begin(t, '900')
  const it = watch()
  await it.check()
  bench.drain.run()
  bench.reporter(host, NAME).deregister()
  bench.drain.run()
  fixture.write('memory.current', '100')
  assert.equal(await it.check(), true)
  assert.equal(shown(), undefined)
})

test('a stop ends the watch, and gives its mailbox back', async (t) => {
  const { bench, watch } = begin(t, '900')
  const it = watch()
  const ended = it.run()
  it.stop()
  await ended
  assert.equal(await it.check(), false)
  bench.drain.run()
  const free = Array.from({ length: THREADS - 1 }, (_, i) => bench.attach(20 + i))
  assert.equal(free.length, THREADS - 1)
})

test('a runtime that is stopped ends the watch', async (t) => {
  const { bench, fixture, watch } = begin(t, '100')
  const it = watch()
  assert.equal(await it.check(), true)
  bench.region.words[PHASE] = PHASE_STOPPING
  bench.drain.close()
  fixture.write('memory.current', '900')
  assert.equal(await it.check(), false)
  assert.equal(await watch().check(), false)
})
