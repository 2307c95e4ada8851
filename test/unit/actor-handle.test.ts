import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { HealthError } from '../../src/model/errors.js'
import { type ActorHandle, actorEntryUrl, spawnActor } from '../../src/runtime/actor-handle.js'
import type { EchoActor, EchoData } from './fixtures/echo-actor.js'

const entry = new URL('./fixtures/echo-actor.js', import.meta.url)

async function spawnEcho(
  t: TestContext,
  data: EchoData = { mode: 'work' },
): Promise<ActorHandle<EchoActor>> {
  const actor = await spawnActor<EchoActor>({ name: 'echo', entry, data })
  t.after(() => actor.terminate())
  return actor
}

const unavailable = (pattern: RegExp) => (error: unknown) => {
  assert.ok(error instanceof HealthError)
  assert.equal(error.code, 'ERR_HEALTH_UNAVAILABLE')
  assert.match(error.message, pattern)
  return true
}

test('a call returns what the method returns', async (t) => {
  const actor = await spawnEcho(t)
  assert.deepEqual(await actor.call('echo', 5_000, { a: [1, 2] }), { a: [1, 2] })
})

test('a call returns what an async method resolves to', async (t) => {
  const actor = await spawnEcho(t)
  assert.equal(await actor.call('later', 5_000, 'x'), 'x')
})

test('calls made at once are answered each with its own result', async (t) => {
  const actor = await spawnEcho(t)
  const inputs = Array.from({ length: 100 }, (_, index) => index)
  const outputs = await Promise.all(inputs.map((input) => actor.call('echo', 5_000, input)))
  assert.deepEqual(outputs, inputs)
})

test('the actor gets its data, shared memory shared', async (t) => {
  const region = new SharedArrayBuffer(8)
  const actor = await spawnActor<EchoActor>({
    name: 'echo',
    entry,
    data: { mode: 'work', region },
  })
  t.after(() => actor.terminate())
  const seen = (await actor.call('echoData', 5_000)) as { region: SharedArrayBuffer }
  new Int32Array(region)[1] = 7
  assert.equal(new Int32Array(seen.region)[1], 7)
})

test('an error of ours comes back as a HealthError with its code', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(actor.call('fail', 5_000), (error) => {
    assert.ok(error instanceof HealthError)
    assert.equal(error.code, 'ERR_HEALTH_CAPACITY')
    assert.equal(error.message, 'no room: size=3')
    assert.match(String(error.stack), /echo-actor/)
    return true
  })
})

test('a system error comes back with the code and errno of its cause', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(actor.call('failWithErrno', 5_000), (error: Error) => {
    assert.equal(error.message, 'could not')
    const cause = error.cause as NodeJS.ErrnoException
    assert.equal(cause.code, 'EADDRINUSE')
    assert.equal(cause.errno, -98)
    return true
  })
})

test('a thrown value without a text form still rejects the call', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(actor.call('failOddly', 5_000), /no text form/)
})

test('a result that cannot be cloned rejects the call', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(actor.call('unclonable', 5_000), /Unserializable/)
})

test('an argument that cannot be cloned rejects the call', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(
    actor.call('echo', 5_000, () => {}),
    { name: 'DataCloneError' },
  )
})

test('a method that the actor does not have rejects the call', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(actor.call('missing' as 'fail', 5_000), /no such method: method=missing/)
})

test('a call without an answer is rejected at its deadline', async (t) => {
  const actor = await spawnEcho(t)
  await assert.rejects(
    actor.call('never', 20),
    unavailable(/echo actor did not answer in time: method=never deadlineMs=20/),
  )
})

test('a pending call is rejected when the actor exits', async (t) => {
  const actor = await spawnEcho(t)
  const pending = actor.call('never', 60_000)
  const exiting = actor.call('exit', 60_000, 4)
  await assert.rejects(pending, unavailable(/echo actor has ended: exitCode=4/))
  await assert.rejects(exiting, unavailable(/exitCode=4/))
})

test('a pending call is rejected with the cause when the actor throws', async (t) => {
  const actor = await spawnEcho(t)
  const pending = actor.call('never', 60_000)
  await actor.call('throwLater', 60_000)
  await assert.rejects(pending, (error) => {
    unavailable(/exitCode=1: out of the blue/)(error)
    assert.ok((error as Error).cause instanceof TypeError)
    return true
  })
})

test('a pending call is rejected when the actor is terminated', async (t) => {
  const actor = await spawnEcho(t)
  const rejected = assert.rejects(actor.call('never', 60_000), unavailable(/has ended/))
  await actor.terminate()
  await rejected
})

test('a call after the end is rejected at once', async (t) => {
  const actor = await spawnEcho(t)
  await actor.terminate()
  assert.equal(actor.isAlive, false)
  await assert.rejects(actor.call('echo', 60_000, 1), unavailable(/has ended/))
})

test('the exit tells the code', async (t) => {
  const actor = await spawnEcho(t)
  actor.call('exit', 60_000, 4).catch(() => {})
  assert.deepEqual(await actor.exited, { code: 4 })
})

test('the exit tells what the actor did not catch', async (t) => {
  const actor = await spawnEcho(t)
  await actor.call('throwLater', 60_000)
  const { code, error } = await actor.exited
  assert.equal(code, 1)
  assert.match(String(error), /TypeError: out of the blue/)
})

test('spawning is rejected with what the set-up threw', async () => {
  await assert.rejects(spawnActor({ name: 'echo', entry, data: { mode: 'fail' } }), {
    code: 'ERR_HEALTH_LISTEN',
    message: 'set-up failed: port=1',
  })
})

test('spawning is rejected when the actor is not ready in time', async () => {
  const options = { name: 'echo', entry, data: { mode: 'hang' }, readyDeadlineMs: 50 }
  await assert.rejects(spawnActor(options), unavailable(/method=ready deadlineMs=50/))
})

test('spawning is rejected when the actor exits before it is ready', async () => {
  const options = { name: 'echo', entry, data: { mode: 'exit' } }
  await assert.rejects(spawnActor(options), unavailable(/exitCode=9/))
})

test('spawning is rejected when the entry does not exist', async () => {
  const options = { name: 'gone', entry: new URL('./fixtures/gone.js', import.meta.url), data: {} }
  await assert.rejects(
    spawnActor(options),
    unavailable(/gone actor has ended: .*Cannot find module/),
  )
})

test('an entry is found in the workers folder of the build', () => {
  const expected = new URL('../../workers/probe.js', import.meta.url).href
  assert.equal(actorEntryUrl('probe.js').href, expected)
})

test('an entry is found below the base URL that a bundler gave', () => {
  assert.equal(actorEntryUrl('probe.js', 'file:///app/w/').href, 'file:///app/w/probe.js')
})

test('a program with nothing but an unref-ed actor ends by itself', () => {
  const host = fileURLToPath(new URL('./fixtures/unref-host.js', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [host], { timeout: 20_000 })
  assert.equal(String(stdout), 'answer=42 alive=true')
  assert.equal(status, 0)
})

test('a program with an actor lives until the actor ends', () => {
  const host = fileURLToPath(new URL('./fixtures/unref-host.js', import.meta.url))
  const { stdout, status } = spawnSync(process.execPath, [host, 'ref'], { timeout: 20_000 })
  assert.equal(String(stdout), 'answer=42 alive=false')
  assert.equal(status, 0)
})

test('preloads of the host run in no actor, whether flags or NODE_OPTIONS name them', () => {
  const preload = (place: string) => {
    const module = `import{threadId}from'node:worker_threads';import{writeSync}from'node:fs';writeSync(2,'${place}:'+threadId+';')`
    return `--import=data:text/javascript,${encodeURIComponent(module)}`
  }
  const host = fileURLToPath(new URL('./fixtures/unref-host.js', import.meta.url))
  const { stdout, stderr, status } = spawnSync(process.execPath, [preload('flag'), host], {
    timeout: 20_000,
    env: { ...process.env, NODE_OPTIONS: preload('environment'), GREETING: 'hello' },
  })
  assert.equal(String(stdout), 'answer=42 alive=true')
  assert.deepEqual(String(stderr).split(';').filter(Boolean).sort(), ['environment:0', 'flag:0'])
  assert.equal(status, 0)
})

test('an actor has the environment of its host but for NODE_OPTIONS', async (t) => {
  const names = ['NODE_OPTIONS', 'HEALTH_ACTOR_TEST']
  const before = names.map((name) => process.env[name])
  t.after(() => {
    for (const [i, name] of names.entries()) {
      if (before[i] === undefined) delete process.env[name]
      else process.env[name] = before[i]
    }
  })
  process.env['NODE_OPTIONS'] = '--no-warnings'
  process.env['HEALTH_ACTOR_TEST'] = 'kept'
  const actor = await spawnEcho(t)
  const environment = (await actor.call('environment', 5_000)) as Record<string, string>
  assert.equal(environment['HEALTH_ACTOR_TEST'], 'kept')
  assert.deepEqual(
    Object.keys(environment).sort(),
    Object.keys(process.env)
      .filter((name) => name !== 'NODE_OPTIONS')
      .sort(),
  )
})
