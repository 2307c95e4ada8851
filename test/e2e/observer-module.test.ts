// Observers in the queue worker, and everything that one of them can do to it. A module tells of its calls on a channel, as
// far as its thread lives to do so.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { BroadcastChannel } from 'node:worker_threads'
import {
  type HealthError,
  HealthManager,
  type HealthManagerOptions,
  HealthStatus,
  type ObserverOptions,
  type RestartEvent,
} from '../../src/index.js'
import { CHANNEL, type Told } from './fixtures/observers/channel.js'

const { Healthy, Degraded } = HealthStatus
const FAULTY = new URL('./fixtures/observers/faulty.js', import.meta.url)

/** What the module has told, and a way to wait for it. */
class Witness {
  readonly told: Told[] = []
  readonly #channel = new BroadcastChannel(CHANNEL)
  #look = () => {}

  constructor(t: TestContext) {
    t.after(() => this.#channel.close())
    this.#channel.onmessage = (event: unknown) => {
      this.told.push((event as { data: Told }).data)
      this.#look()
    }
  }

  get messages(): string[] {
    return this.told.map(({ message }) => message)
  }

  saw(message: string): Promise<void> {
    return new Promise((resolve) => {
      this.#look = () => {
        if (this.messages.includes(message)) resolve()
      }
      this.#look()
    })
  }
}

interface Scene {
  readonly health: HealthManager
  readonly witness: Witness
  readonly errors: HealthError[]
  /** Resolves with the first error. */
  readonly failed: Promise<void>
  readonly restarts: RestartEvent[]
  /** A transition with this message. */
  say(message: string): void
}

async function start(
  t: TestContext,
  observer: ObserverOptions = {},
  options: HealthManagerOptions = {},
): Promise<Scene> {
  const health = await HealthManager.start(options)
  t.after(() => health.stop())
  const errors: HealthError[] = []
  const restarts: RestartEvent[] = []
  const failed = new Promise<void>((resolve) => {
    health.on('error', (error) => {
      errors.push(error)
      resolve()
    })
  })
  health.on('restart', (event) => restarts.push(event))
  const reporter = health.register('a')
  const witness = new Witness(t)
  await health.setTransitionObserver(FAULTY, observer)
  let turn = 0
  const say = (message: string) => reporter.update(turn++ % 2 === 0 ? Healthy : Degraded, message)
  return { health, witness, errors, failed, restarts, say }
}

test('a module is called in a thread of its own, in order, with a manager attached there', async (t) => {
  const { health, witness, say, errors } = await start(t)
  say('one')
  say('report')
  say('three')
  await witness.saw('saw 2')
  await witness.saw('three')
  assert.deepEqual(
    witness.told.map(({ number, message }) => [number, message]),
    // The observer's own report is a transition, too.
    witness.messages.indexOf('three') === 2
      ? [
          [1, 'one'],
          [2, 'report'],
          [3, 'three'],
          [4, 'saw 2'],
        ]
      : [],
  )
  assert.equal(health.getStatus('of the observer')?.message, 'saw 2')
  const { observer, actors } = await health.stats()
  assert.equal(observer.kind, 'worker')
  assert.deepEqual(
    actors.map(({ name, state }) => [name, state]),
    [
      ['manager', 'running'],
      ['observer', 'running'],
    ],
  )
  assert.deepEqual(errors, [])
})

test('a module goes on while the loop that has set it is blocked', async (t) => {
  const { health, witness, say } = await start(t)
  const before = await health.stats()
  say('report')
  // Nothing of this thread's loop turns in here.
  const deadline = performance.now() + 10_000
  while (health.getStatus('of the observer')?.message !== 'saw 1' && performance.now() < deadline);
  assert.equal(health.getStatus('of the observer')?.message, 'saw 1')
  assert.equal(before.observer.delivered, 0)
  await witness.saw('saw 1')
})

const LIMITS = { resourceLimits: { maxOldGenerationSizeMb: 24 } }

/** What one transition does, what comes of it, and of which kind it is counted. */
const FAULTS: readonly {
  readonly message: string
  readonly options?: ObserverOptions
  readonly calls: number
  readonly exitCode?: number
  readonly errors: number
  readonly timeouts: number
  readonly told: RegExp
}[] = [
  { message: 'throw', calls: 1, errors: 1, timeouts: 0, told: /failed: thrown: number=2/ },
  { message: 'reject', calls: 1, errors: 1, timeouts: 0, told: /failed: rejected: number=2/ },
  {
    message: 'never settle',
    options: { timeoutMs: 50 },
    calls: 1,
    errors: 0,
    timeouts: 1,
    told: /takes too long: timeoutMs=50 number=2/,
  },
  {
    message: 'exit',
    calls: 2,
    exitCode: 3,
    errors: 1,
    timeouts: 0,
    told: /dies over a transition, which is given up: number=2 attempts=2 exitCode=3/,
  },
  {
    message: 'uncaught',
    calls: 2,
    exitCode: 1,
    errors: 1,
    timeouts: 0,
    told: /dies over a transition, which is given up: number=2 attempts=2 exitCode=1/,
  },
  {
    message: 'loop',
    options: { timeoutMs: 500 },
    calls: 2,
    exitCode: 1,
    errors: 0,
    timeouts: 1,
    told: /hangs over a transition, which is given up: number=2 attempts=2/,
  },
  {
    message: 'loop after an await',
    options: { timeoutMs: 500 },
    calls: 2,
    exitCode: 1,
    errors: 0,
    timeouts: 1,
    told: /hangs over a transition, which is given up: number=2 attempts=2/,
  },
  {
    message: 'out of memory',
    options: LIMITS,
    calls: 2,
    exitCode: 1,
    errors: 1,
    timeouts: 0,
    told: /dies over a transition, which is given up: number=2 attempts=2 exitCode=1/,
  },
]

for (const { message, options = {}, calls, exitCode, errors, timeouts, told } of FAULTS) {
  test(`a module that is to ${message}: the transitions before and after are told, nothing else is lost`, async (t) => {
    const scene = await start(t, options)
    const { health, witness, say } = scene
    say('before')
    say(message)
    say('after')
    await witness.saw('after')
    // A thread that dies may take with it what it has just said on the channel.
    const faults = witness.messages.filter((each) => each === message).length
    assert.ok(faults <= calls, `calls=${faults}`)
    assert.deepEqual(
      witness.told.filter((each) => each.message !== message).map(({ number }) => number),
      [1, 3],
    )
    await scene.failed
    await health.setTransitionObserver(null)
    const { observer } = await health.stats()
    assert.deepEqual(
      [observer.errors, observer.timeouts, observer.restarts, observer.missed],
      [errors, timeouts, calls - (exitCode === undefined ? 1 : 0), 0],
    )
    assert.equal(scene.errors.length, 1)
    assert.equal(scene.errors[0]?.code, 'ERR_HEALTH_OBSERVER')
    assert.match(scene.errors[0]?.message ?? '', told)
    assert.deepEqual(
      scene.restarts.map((event) => [event.actor, event.exitCode]),
      Array.from({ length: observer.restarts }, () => ['observer', exitCode]),
    )
  })
}

test('a module that dies again and again is given up; the rest is told, and the runtime goes on', async (t) => {
  const { health, errors, restarts, say } = await start(t, {}, { restarts: { max: 2 } })
  for (let i = 0; i < 4; i++) say('exit')
  // The host's own loop has to turn for each restart.
  while (errors.length < 2) await nextTurn()
  assert.equal(restarts.length, 2)
  assert.match(errors[1]?.message ?? '', /died too often and is not restarted any more/)
  const { actors, observer } = await health.stats()
  assert.deepEqual(actors[1], { name: 'observer', state: 'failed', restarts: 2 })
  assert.deepEqual([observer.kind, observer.lag], ['worker', 3])
  // Another one may take its place.
  await health.setTransitionObserver(null)
  say('nobody’s')
  await health.flush()
  while ((await health.stats()).observer.missed < 3) await nextTurn()
  assert.equal((await health.stats()).observer.lag, 0)
})

test('its mailbox is given back with every death, and with its end', async (t) => {
  const { health, witness, say } = await start(t)
  const mailboxes = async () => (await health.stats()).mailboxes.length
  assert.equal(await mailboxes(), 2)
  say('exit')
  say('after')
  await witness.saw('after')
  assert.equal(await mailboxes(), 2)
  await health.setTransitionObserver(null)
  while ((await mailboxes()) > 1) await nextTurn()
})

test('a module that was lapped tells of the gap', async (t) => {
  const { health, witness, say } = await start(t, { timeoutMs: 200 }, { journalBytes: 4096 })
  say('never settle')
  await witness.saw('never settle')
  for (let i = 0; i < 500; i++) say(`${i}`)
  await witness.saw('gap')
  await witness.saw('499')
  const missed = witness.told.reduce((sum, each) => sum + (each.missed ?? 0), 0)
  const called = witness.told.filter(({ number }) => number > 0).length
  assert.equal(missed + called, 501)
  const { observer } = await health.stats()
  assert.equal(observer.missed, missed)
})

test('a module may set another observer, which is called in its thread', async (t) => {
  const { health, witness, say } = await start(t)
  say('replace')
  await witness.saw('replace')
  while ((await health.stats()).observer.kind !== 'function') await nextTurn()
  say('after')
  await witness.saw('replaced: after')
  say('at the end')
  const startMs = performance.now()
  await health.stop()
  assert.ok(performance.now() - startMs < 4_000, 'the stop waits for nothing')
  await witness.saw('replaced: at the end')
  assert.deepEqual(
    witness.told.map(({ number }) => number),
    [1, 2, 3],
  )
})

for (const [what, file, message] of [
  ['that is not there', 'missing.js', /the module can't be loaded: Cannot find module/],
  ['that throws', 'broken.js', /the module can't be loaded: no such luck/],
  ['without an observer', 'no-observer.js', /the default export of the module must be a function/],
] as const) {
  test(`a module ${what} is refused, and the observer before stays`, async (t) => {
    const { health, witness, say } = await start(t)
    const url = new URL(`./fixtures/observers/${file}`, import.meta.url)
    await assert.rejects(
      health.setTransitionObserver(url),
      (error: HealthError) => error.code === 'ERR_HEALTH_ARGUMENT' && message.test(error.message),
    )
    say('still there')
    await witness.saw('still there')
    assert.equal((await health.stats()).mailboxes.length, 2)
  })
}

test('the stop has a module told of everything that was accepted', async (t) => {
  const { health, witness, say } = await start(t)
  for (let i = 0; i < 500; i++) say(`${i}`)
  await health.stop()
  await witness.saw('499')
  assert.equal(witness.told.length, 500)
})

test('a stop does not wait for a module that hangs for longer than it may', async (t) => {
  const { health, witness, errors, say } = await start(t, {}, { observerDrainMs: 100 })
  say('loop')
  await witness.saw('loop')
  say('behind it')
  await health.stop()
  assert.match(errors[0]?.message ?? '', /the stop has left transitions untold: missed=2/)
})
