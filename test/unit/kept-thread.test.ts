// A thread that is kept: which of its deaths are followed by another life, and what a stop does at each point of that.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { HealthError } from '../../src/model/errors.js'
import type { ActorExit } from '../../src/runtime/actor-handle.js'
import { KeptThread, type ThreadLife } from '../../src/runtime/kept-thread.js'

class Life implements ThreadLife {
  readonly number: number
  closes = 0
  readonly exited: Promise<ActorExit>
  die!: (exit: ActorExit) => void

  constructor(number: number) {
    this.number = number
    this.exited = new Promise((resolve) => {
      this.die = resolve
    })
  }

  async close(): Promise<void> {
    this.closes++
    this.die({ code: 1 })
  }
}

/** A thread whose lives begin and fail as `outcomes` say, in turn; `hold` is awaited by each that begins. */
function keep(max: number, outcomes: readonly ('begins' | Error)[]) {
  const told: string[] = []
  const lives: Life[] = []
  const scene = { told, lives, begun: 0, hold: Promise.resolve(), isWanted: true }
  const kept = new KeptThread<Life>({
    name: 'probe',
    owner: 'server',
    limits: { max, withinMs: 60_000 },
    async begin(former, restarts) {
      const outcome = outcomes[scene.begun++] ?? new Error('nobody asked for this one')
      told.push(`begin after ${former?.number}, restarts=${restarts}`)
      await scene.hold
      if (outcome instanceof Error) throw outcome
      const life = new Life(lives.length)
      lives.push(life)
      return life
    },
    checkWanted() {
      if (!scene.isWanted) throw new HealthError('ERR_HEALTH_STOPPED', 'not wanted')
    },
    onState: (state) => told.push(state),
    onRestart: (cause) => told.push(`restarted: ${cause.message}`),
    onFailed: (cause, last) => told.push(`failed after ${last.number}: ${cause.message}`),
  })
  return Object.assign(scene, { kept })
}

const limit = { timeout: 10_000 }

async function until({ signal }: TestContext, isSo: () => boolean): Promise<void> {
  while (!isSo()) await turn(undefined, { signal })
}
const refused = new HealthError('ERR_HEALTH_CAPACITY', 'no room')

test('a life that dies is followed by another, which is told what it follows', limit, async (t) => {
  const { kept, lives, told } = keep(3, ['begins', 'begins'])
  assert.deepEqual(kept.actor, { name: 'probe', state: 'stopped', restarts: 0 })
  assert.equal(await kept.start(), lives[0])
  lives[0]?.die({ code: 7, error: new Error('a bug') })
  await until(t, () => kept.actor.restarts === 1)
  assert.equal(kept.life, lives[1])
  await kept.stop()
  assert.deepEqual(told, [
    'begin after undefined, restarts=0',
    'running',
    'restarting',
    'begin after 0, restarts=1',
    'running',
    'restarted: the probe actor has ended: exitCode=7: a bug',
    'stopped',
  ])
})

test('a life that does not begin costs a grant and is no restart', limit, async (t) => {
  const { kept, lives, told } = keep(3, ['begins', refused, 'begins', refused])
  await kept.start()
  lives[0]?.die({ code: 1 })
  await until(t, () => kept.actor.restarts === 1)
  lives[1]?.die({ code: 2 })
  await until(t, () => kept.actor.state === 'failed')
  assert.equal(kept.actor.restarts, 1)
  assert.equal(told.at(-1), 'failed after 1: no room')
  assert.equal(told.filter((line) => line === 'begin after 0, restarts=1').length, 2)
  await kept.stop()
})

test('it was given up for what it died of, where what came then says nothing', limit, async (t) => {
  const { kept, lives, told } = keep(1, ['begins', new Error('?')])
  await kept.start()
  lives[0]?.die({ code: 9 })
  await until(t, () => kept.actor.state === 'failed')
  assert.equal(told.at(-1), 'failed after 0: the probe actor has ended: exitCode=9')
  await kept.stop()
  assert.equal(kept.actor.state, 'stopped')
})

test('a start that failed may be tried again', async () => {
  const { kept, lives } = keep(1, [refused, 'begins'])
  await assert.rejects(kept.start(), refused)
  assert.equal(kept.actor.state, 'stopped')
  assert.equal(await kept.start(), lives[0])
  await kept.stop()
  assert.equal(lives[0]?.closes, 1)
})

test('a life that nobody wants once it has begun is closed', async () => {
  const scene = keep(1, ['begins'])
  scene.isWanted = false
  await assert.rejects(scene.kept.start(), { code: 'ERR_HEALTH_STOPPED', message: 'not wanted' })
  assert.equal(scene.lives[0]?.closes, 1)
  assert.equal(scene.kept.life, undefined)
})

test('a stop during the start waits for it, and closes what has begun', async () => {
  const { kept, lives, told } = keep(1, ['begins'])
  const started = assert.rejects(kept.start(), {
    code: 'ERR_HEALTH_STOPPED',
    message: 'the server was stopped while it started',
  })
  await kept.stop()
  await started
  assert.equal(lives[0]?.closes, 1)
  assert.deepEqual(told, ['begin after undefined, restarts=0', 'stopped'])
})

test('a stop during a restart closes what has begun, and tells of no restart', limit, async (t) => {
  const scene = keep(1, ['begins', 'begins'])
  const { kept, lives, told } = scene
  await kept.start()
  let release!: () => void
  scene.hold = new Promise((resolve) => {
    release = resolve
  })
  lives[0]?.die({ code: 1 })
  await until(t, () => scene.begun === 2)
  const stopped = kept.stop()
  release()
  await stopped
  assert.equal(lives[1]?.closes, 1)
  assert.deepEqual(told.slice(2), ['restarting', 'begin after 0, restarts=1', 'stopped'])
})

test('a stop before a restart that is due later has nothing begin', limit, async (t) => {
  const scene = keep(2, ['begins', 'begins', 'begins'])
  const { kept, lives, told } = scene
  await kept.start()
  lives[0]?.die({ code: 1 })
  await until(t, () => kept.actor.restarts === 1)
  lives[1]?.die({ code: 1 })
  await lives[1]?.exited
  assert.equal(kept.actor.state, 'restarting')
  await kept.stop()
  assert.equal(scene.begun, 2)
  assert.deepEqual(told.slice(-2), ['restarting', 'stopped'])
})

test('a life that dies of the stop is not followed by another', async () => {
  const scene = keep(1, ['begins', 'begins'])
  await scene.kept.start()
  await scene.kept.stop()
  await turn()
  assert.equal(scene.begun, 1)
})
