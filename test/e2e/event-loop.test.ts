// Event loops that get stuck, seen over HTTP while they are: late, then wedged, with what they are at; and on time again after.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { LoopProgram, type LoopTrouble } from './support/loop-program.js'
import { withoutFallbackNotice } from './transports.js'

const LATE_MS = 300
/** So long after that that a look comes in between, also on a busy machine. */
const WEDGED_MS = 2_500

const TROUBLES: [trouble: LoopTrouble, title: string][] = [
  ['loop', 'the main thread is in a loop'],
  ['wait', 'the main thread waits for a word of shared memory'],
  ['regular expression', 'the main thread is in a catastrophic regular expression'],
  ['crypto', 'the main thread derives a key synchronously'],
  ['worker', 'a worker is in a loop'],
]

for (const [trouble, title] of TROUBLES) {
  test(`the loop is seen late and wedged while ${title}, and on time after`, {
    timeout: 180_000,
  }, async (t) => {
    const program = await LoopProgram.start(t, trouble, LATE_MS, WEDGED_MS)
    const component = trouble === 'worker' ? 'worker_loop' : 'event_loop'
    const looks = await program.lookUntil(({ status }) => status === 'unhealthy')
    assert.equal(program.said['done'], undefined, 'the loop came back before it was wedged')
    const late = looks.filter(({ status }) => status === 'degraded')
    assert.ok(late.length > 0)
    for (const { code, message } of late) {
      assert.equal(code, 200)
      assert.match(message, messageOf('late by', trouble))
    }
    const wedged = looks.at(-1)!
    assert.equal(wedged.code, 503)
    assert.match(wedged.message, messageOf('wedged for', trouble))
    assert.equal(wedged.error, `${component} is unhealthy: ${wedged.message}`)
    const turns = (to: string) =>
      program.metric(`health_transitions_total{component="${component}",to="${to}"}`)
    // Journaled by a thread that need not be as fast as whoever looks; it would not journal what is over by then.
    while ((await turns('unhealthy')) < 1);
    program.endTrouble()
    const after = await program.lookUntil(({ status }) => status === 'healthy')
    const last = after.at(-1)!
    assert.deepEqual([last.code, last.message], [200, 'event loop on time'])
    while ((await turns('healthy')) < 2);
    assert.ok((await turns('degraded')) >= 1)
    assert.equal(await turns('unhealthy'), 1)
    assert.equal(withoutFallbackNotice(program.stderr), '')
  })
}

test('a process that was stopped for 20 s, and continued, has a loop that is neither late nor wedged', {
  timeout: 90_000,
}, async (t) => {
  const program = await LoopProgram.start(t, 'none', 1_500, 3_000)
  await program.lookUntil(({ status }) => status === 'healthy')
  program.signal('SIGSTOP')
  await wait(20_000)
  program.signal('SIGCONT')
  const end = performance.now() + 2_000
  while (performance.now() < end) {
    const { code, message } = await program.look()
    assert.deepEqual([code, message], [200, 'event loop on time'])
  }
  for (const to of ['degraded', 'unhealthy']) {
    const name = `health_transitions_total{component="event_loop",to="${to}"}`
    assert.equal(await program.metric(name), 0)
  }
})

function messageOf(what: string, trouble: string): RegExp {
  return new RegExp(`^event loop ${what} \\d+\\.\\d s in "${trouble}" \\(for \\d+\\.\\d s\\)$`)
}
