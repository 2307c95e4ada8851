// The deliberate difference from the reference: it stores whatever it is given, this runtime refuses what is not
// of the documented form, at once, with the argument's name and value, and changes nothing.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import {
  HealthError,
  type HealthHandle,
  HealthManager,
  type HealthManagerOptions,
} from '../../src/index.js'
import { plain, startRuntime } from './support/runtime.js'

// Arguments as a caller without types may pass them.
type Loose = Record<string, (...args: unknown[]) => unknown>

/** A proxy that throws whatever is done with it. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

const refused: readonly [call: string, args: readonly unknown[], message: RegExp][] = [
  ['register', [''], /^name="": /],
  ['register', [42], /^name=42: /],
  ['register', [undefined], /^name=undefined: /],
  ['register', ['x'.repeat(256)], /^name="x+…: .*255 bytes/],
  ['register', ['漢'.repeat(86)], /^name="漢+": .*255 bytes/],
  ['deregister', [''], /^name="": /],
  ['deregister', [null], /^name=null: /],
  ['getStatus', [7], /^name=7: /],
  ['updateStatus', ['', 1, ''], /^name="": /],
  ['updateStatus', ['monitor', 4, ''], /^status=4: /],
  ['updateStatus', ['monitor', 99, ''], /^status=99: /],
  ['updateStatus', ['monitor', -1, ''], /^status=-1: /],
  ['updateStatus', ['monitor', 1.5, ''], /^status=1\.5: /],
  ['updateStatus', ['monitor', Number.NaN, ''], /^status=NaN: /],
  ['updateStatus', ['monitor', '1', ''], /^status="1": /],
  ['updateStatus', ['monitor', 1, undefined], /^message=undefined: /],
  ['updateStatus', ['monitor', 1, 5], /^message=5: /],
  // Metadata may hold secrets, so what is wrong with it is named by type.
  ['updateStatus', ['monitor', 1, '', 'password'], /^typeof metadata="string": must/],
  ['updateStatus', ['monitor', 1, '', ['a']], /^typeof metadata="array": /],
  ['updateStatus', ['monitor', 1, '', { a: 1 }], /metadata\["a"\].*number/],
  ['updateStatus', ['monitor', 1, '', { a: '1', b: undefined }], /metadata\["b"\].*undefined/],
  ['updateStatus', ['monitor', 1, '', []], /^typeof metadata="array": /],
  ['updateStatus', ['monitor', 1, '', new Map([['a', 'b']])], /^typeof metadata="Map": /],
  ['updateStatus', ['monitor', 1, '', new Set(['a'])], /^typeof metadata="Set": /],
  ['updateStatus', ['monitor', 1, '', new Date(0)], /^typeof metadata="Date": /],
  ['updateStatus', ['monitor', 1, '', Object('ab')], /^typeof metadata="boxed primitive": /],
  ['updateStatus', ['monitor', 1, '', Object(5)], /^typeof metadata="boxed primitive": /],
  ['updateStatus', ['monitor', 1, '', new URLSearchParams('a=b')], /^typeof metadata="object": /],
  ['updateStatus', ['monitor', 1, '', Buffer.alloc(0)], /^typeof metadata="object": /],
  ['updateStatus', ['monitor', 1, '', revoked()], /^metadata=an object: could not be read/],
  ['updateStatus', ['monitor', 1, revoked()], /^message=an object: /],
  ['register', [revoked()], /^name=an object: /],
  ['register', ['monitor', revoked()], /^options=an object: /],
  ['setStandby', ['yes'], /^standby="yes": /],
  ['setStandby', [undefined], /^standby=undefined: /],
  ['suppressLiveness', [-1], /^durationMs=-1: /],
  ['suppressLiveness', [Number.NaN], /^durationMs=NaN: /],
  ['suppressLiveness', [Number.POSITIVE_INFINITY], /^durationMs=Infinity: /],
  ['suppressLiveness', ['5'], /^durationMs="5": /],
  ['suppressReadiness', [-0.001], /^durationMs=-0\.001: /],
  ['suppressReadiness', [undefined], /^durationMs=undefined: /],
  ['suppressReadiness', [1, null], /^why=null: /],
  ['suppressLiveness', [1, 'deploy'], /^why="deploy": /],
  ['suppressLiveness', [1, { owner: 5 }], /^why\.owner=5: /],
  ['suppressReadiness', [1, { ownr: 'x' }], /^why="ownr": must be one of owner, reason/],
  ['suppressReadiness', [1, []], /^why=an array: /],
  ['register', ['monitor', []], /^options=an array: /],
  ['register', ['monitor', { deadline: 1 }], /^options="deadline": /],
  ['adopt', [undefined], /^worker=undefined: /],
  ['adopt', [{}], /^worker=an object: /],
  ['adopt', [revoked()], /^worker=an object: /],
  ['on', ['bogus', () => {}], /^event="bogus": /],
  ['on', ['error', null], /^listener=null: must be a function/],
  ['on', ['restart', {}], /^listener=an object: must be a function/],
]

test('what is not of the documented form is refused with name=value, and changes nothing', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor').degraded('before', { a: '1' })
  health.register('collector_manager').unhealthy('dead')
  const before = plain(health.buildReport())
  for (const [call, args, message] of refused) {
    assert.throws(
      () => (health as unknown as Loose)[call]!(...args),
      (error) => {
        assert.ok(error instanceof HealthError)
        assert.equal(error.code, 'ERR_HEALTH_ARGUMENT')
        assert.match(error.message, message)
        return true
      },
      `${call}: ${message}`,
    )
  }
  assert.deepEqual(plain(health.buildReport()), before)
  assert.ok(health.livenessCheck() && health.readinessCheck())
})

test('adopt and the suppressions refuse options that they do not know, or cannot read', async (t) => {
  const health = await startRuntime(t)
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true })
  t.after(() => worker.terminate())
  const adopt = (options: unknown) => () => health.adopt(worker, options as object)
  const code = 'ERR_HEALTH_ARGUMENT'
  assert.throws(adopt({ componet: 'monitor' }), {
    code,
    message: /^options="componet": must be one of component/,
  })
  assert.throws(adopt([]), { code, message: /^options=an array: / })
  assert.throws(adopt(null), { code, message: /^options=null: / })
  const broken = {
    get component() {
      throw new Error('mine')
    },
  }
  assert.throws(adopt(broken), { code, message: /^options=an object: could not be read/ })
  const why = {
    get owner(): string {
      throw new Error('mine')
    },
  }
  assert.throws(() => health.suppressLiveness(1, why), { code, message: /^why=an object: / })
  assert.throws(() => health.suppressReadiness(1, why), { code, message: /^why=an object: / })
  assert.equal(worker.listenerCount('exit'), 0)
})

test('a reporter refuses what updateStatus refuses', async (t) => {
  const health = await startRuntime(t)
  const reporter = health.register('monitor') as unknown as Loose
  const argument = { code: 'ERR_HEALTH_ARGUMENT' }
  assert.throws(() => reporter['update']!(4, ''), { ...argument, message: /^status=4: / })
  assert.throws(() => reporter['update']!(1, 5), { ...argument, message: /^message=5: / })
  assert.throws(() => reporter['healthy']!('', { a: 1 }), {
    ...argument,
    message: /metadata\["a"\]/,
  })
  assert.throws(() => reporter['degraded']!(null), { ...argument, message: /^message=null: / })
  assert.equal(health.getStatus('monitor')?.status, 0)
})

test('an error never shows the value of metadata, which may be a secret', async (t) => {
  const health = await startRuntime(t)
  health.register('monitor')
  const metadata = { token: ['hunter2'] } as unknown as Record<string, string>
  assert.throws(
    () => health.updateStatus('monitor', 1, '', metadata),
    (error: Error) => error.message.includes('token') && !error.message.includes('hunter2'),
  )
})

test('a capacity that is reached is refused, and is there again after a deregistration', async (t) => {
  const health = await startRuntime(t, { maxComponents: 2 })
  health.register('one')
  health.register('two')
  assert.throws(() => health.register('three'), { code: 'ERR_HEALTH_CAPACITY' })
  health.register('one')
  health.deregister('one')
  health.register('three').healthy('in')
  assert.equal(health.getStatus('three')?.message, 'in')
})

const badOptions: readonly [options: unknown, message: RegExp][] = [
  [null, /^options=null: /],
  [{ maxComponents: 0 }, /^maxComponents=0: /],
  [{ maxThreads: 1 }, /^maxThreads=1: /],
  [{ readTimeoutMs: -1 }, /^readTimeoutMs=-1: /],
  [{ mailboxBytes: 16 }, /^mailboxBytes=16: /],
  [{ policy: { liveness: 'collector_manager' } }, /^policy\.liveness="collector_manager": /],
  [{ policy: { readiness: [''] } }, /^policy\.readiness\[\]="": /],
  [{ policy: { unregistered: 'maybe' } }, /^policy\.unregistered="maybe": /],
  [{ restarts: { max: -1 } }, /^restarts\.max=-1: /],
  [{ workerBaseUrl: 'https://x/' }, /^workerBaseUrl="https:\/\/x\/": must be a 'file:' URL/],
]

test('an option that is out of range is refused before anything starts', async () => {
  for (const [options, message] of badOptions) {
    const started = HealthManager.start(options as never)
    await assert.rejects(started, { code: 'ERR_HEALTH_ARGUMENT', message })
  }
})

test('attach refuses what is no handle', () => {
  for (const handle of [undefined, null, 5, {}, revoked(), { region: new SharedArrayBuffer(64) }]) {
    assert.throws(
      () => HealthManager.attach(handle as never),
      (error) => error instanceof HealthError && /ARGUMENT|LAYOUT/.test(error.code),
    )
  }
})

test('options that are not of the documented form are refused at the start', async () => {
  const refusedOptions: [options: unknown, message: RegExp][] = [
    [null, /^options=null: /],
    [{ maxComponent: 5 }, /^options="maxComponent": must be one of /],
    [{ maxComponents: 0 }, /^maxComponents=0: /],
    [{ policy: null }, /^policy=null: /],
    [{ policy: 'x' }, /^policy="x": /],
    [{ policy: { liveness: 'collector_manager' } }, /^policy\.liveness="collector_manager": /],
    [{ policy: { unregistered: 'ignore' } }, /^policy\.unregistered="ignore": /],
    [{ restarts: 5 }, /^restarts=5: /],
    [{ restarts: { max: -1 } }, /^restarts\.max=-1: /],
    [{ workerBaseUrl: 'nope' }, /^workerBaseUrl="nope": /],
    [{ mailboxBytes: 100 }, /^mailboxBytes=100: /],
  ]
  for (const [options, message] of refusedOptions) {
    await assert.rejects(HealthManager.start(options as HealthManagerOptions), {
      code: 'ERR_HEALTH_ARGUMENT',
      message,
    })
  }
})

test('more memory than anybody should give is refused with the sizes that ask for it', async () => {
  await assert.rejects(HealthManager.start({ maxThreads: 1024, mailboxBytes: 2 ** 28 }), {
    code: 'ERR_HEALTH_ARGUMENT',
    message: /^regionBytes=\d+: .*maxThreads=1024 mailboxBytes=268435456/,
  })
})

test('what is no handle is refused', async (t) => {
  const health = await startRuntime(t)
  const { region } = health.handle()
  const attach = (handle: unknown) => () => HealthManager.attach(handle as HealthHandle)
  assert.throws(attach(undefined), { code: 'ERR_HEALTH_ARGUMENT' })
  assert.throws(attach({ region }), { code: 'ERR_HEALTH_ARGUMENT' })
  assert.throws(attach({ ...health.handle(), readTimeoutMs: Number.NaN }), {
    code: 'ERR_HEALTH_ARGUMENT',
    message: /^handle\.readTimeoutMs=NaN: /,
  })
  assert.throws(attach({ ...health.handle(), region: new SharedArrayBuffer(4096) }), {
    code: 'ERR_HEALTH_LAYOUT',
  })
  assert.equal((await health.stats()).mailboxes.length, 1, 'none of them has taken a mailbox')
})

test('a handle whose policy is not whole is refused, and takes no mailbox', async (t) => {
  const health = await startRuntime(t, { maxThreads: 4 })
  const { policy } = health.handle()
  const refusedPolicies: [policy: unknown, message: RegExp][] = [
    [undefined, /^handle\.policy=undefined: must be an object/],
    [null, /^handle\.policy=null: must be an object/],
    [{}, /^handle\.policy\.liveness=undefined: must be an array of names/],
    [{ ...policy, liveness: null }, /^handle\.policy\.liveness=null: /],
    [{ ...policy, liveness: 5 }, /^handle\.policy\.liveness=5: /],
    [{ ...policy, liveness: 'monitor' }, /^handle\.policy\.liveness="monitor": /],
    [{ ...policy, readiness: [7] }, /^handle\.policy\.readiness\[\]=7: must be a string/],
    [{ ...policy, unregistered: undefined }, /^handle\.policy\.unregistered=undefined: /],
    [{ ...policy, live: [] }, /^handle\.policy="live": must be one of /],
  ]
  for (const [given, message] of refusedPolicies) {
    assert.throws(() => HealthManager.attach({ ...health.handle(), policy: given as never }), {
      code: 'ERR_HEALTH_ARGUMENT',
      message,
    })
  }
  // The host's own is one of the four.
  for (let i = 1; i < 4; i++) HealthManager.attach(health.handle())
})
