// Memory pressure, watched by the manager actor. What is waited for is always a status; the tests' time-outs bound it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import {
  Component,
  HealthManager,
  type HealthManagerOptions,
  HealthStatus,
} from '../../src/index.js'
import { terminateManagerForFault } from '../../src/runtime/faults.js'
import { CgroupFixture, unified } from '../memory-fixture.js'
import { sendKubeletProbe } from './support/kubelet-probe.js'
import { transports } from './transports.js'

const NAME = Component.MemoryPressure
const HOST = fileURLToPath(new URL('./fixtures/memory-host.js', import.meta.url))
const LIMIT = { timeout: 60_000 }

test('a probe shows a crossing that happens while the main thread is blocked', LIMIT, async (t) => {
  const fixture = new CgroupFixture(t, unified('100', '1000'))
  const child = spawn(process.execPath, [HOST, fixture.root, ...transports], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface(child.stdout), 'line')
  const ports = Object.entries<number>(JSON.parse(line))
  assert.equal(ports.length, transports.length)
  const bodyOf = (component: object) =>
    `${JSON.stringify({ status: 'healthy', components: { [NAME]: component } })}\n`
  const metadataOf = (usage: number, percent: string) => ({
    limit_bytes: '1000',
    usage_bytes: `${usage}`,
    usage_percent: percent,
    version: 'v1',
  })
  /** Probes until the answer is another one. */
  const next = async (port: number, old: string) => {
    for (;;) {
      const { answer, why } = await sendKubeletProbe(port, '/healthz')
      assert.equal(answer?.code, 200, why)
      if (answer.body !== old) return answer.body
    }
  }
  let old = bodyOf({ status: 'unspecified' })
  for (const [, port] of ports) assert.equal(await next(port, ''), old)

  fixture.write('memory.current', '900')
  const above = bodyOf({
    status: 'degraded',
    message: 'Approaching container memory limit',
    metadata: metadataOf(900, '90.00'),
  })
  for (const [, port] of ports) assert.equal(await next(port, old), above)

  fixture.write('memory.current', '500')
  old = above
  const normal = bodyOf({
    status: 'healthy',
    message: 'Memory usage back to normal',
    metadata: metadataOf(500, '50.00'),
  })
  for (const [, port] of ports) assert.equal(await next(port, old), normal)
})

async function startRuntime(t: TestContext, options: HealthManagerOptions): Promise<HealthManager> {
  const health = await HealthManager.start(options)
  t.after(() => health.stop())
  return health
}

async function hasStatus(health: HealthManager, status: HealthStatus): Promise<void> {
  while (health.getStatus(NAME)?.status !== status) await delay(1)
}

test('the component is there when the runtime is', async (t) => {
  const { root } = new CgroupFixture(t, unified('100', '1000'))
  const health = await startRuntime(t, { memoryPressure: { root } })
  const { status, message, metadata } = health.getStatus(NAME)!
  assert.deepEqual([status, message, { ...metadata }], [HealthStatus.Unspecified, '', {}])
})

test('without the option there is no such component', async (t) => {
  for (const options of [{}, { memoryPressure: false }]) {
    const health = await startRuntime(t, options)
    assert.equal(health.getStatus(NAME), undefined)
    assert.equal((await health.stats()).mailboxes.length, 1)
  }
})

test('where there is no cgroup the component says so', LIMIT, async (t) => {
  const { root } = new CgroupFixture(t, {})
  const health = await startRuntime(t, { memoryPressure: { root: `${root}/none` } })
  while (health.getStatus(NAME)?.message === '') await delay(1)
  const message = `memory usage can't be read: ${root}/none: no cgroup file system, on ${process.platform}`
  const { status, message: shown } = health.getStatus(NAME)!
  assert.deepEqual([status, shown], [HealthStatus.Unspecified, message])
})

test('managers that die hand the watch on, with its mailbox', LIMIT, async (t) => {
  const fixture = new CgroupFixture(t, unified('100', '1000'))
  // Room for the host and one watch: a mailbox that was not given back would be missed.
  const health = await startRuntime(t, {
    maxThreads: 2,
    restarts: { max: 100 },
    memoryPressure: { root: fixture.root, intervalMs: 5 },
  })
  for (let i = 0; i < 3; i++) {
    fixture.write('memory.current', '900')
    await hasStatus(health, HealthStatus.Degraded)
    await terminateManagerForFault(health)
    // Whoever takes over finds usage back to normal, and a component that is still degraded.
    fixture.write('memory.current', '100')
    await hasStatus(health, HealthStatus.Healthy)
  }
  const { transitions, mailboxes } = await health.stats()
  assert.equal(transitions, 6)
  assert.equal(mailboxes.length, 2)
})

test('a stop waits for no interval', LIMIT, async (t) => {
  const { root } = new CgroupFixture(t, unified('900', '1000'))
  const health = await startRuntime(t, { memoryPressure: { root, intervalMs: 2 ** 31 - 1 } })
  await hasStatus(health, HealthStatus.Degraded)
  await health.stop()
})
