// The host's side of a queue worker, with threads that are none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KIND_OBSERVER, OBSERVER_WORKER } from '../../src/memory/layout.js'
import { ModuleObserver } from '../../src/observe/module-observer.js'
import { ObserverProgress } from '../../src/observe/observer-progress.js'
import type { ObserverThread, ThreadEnd } from '../../src/observe/observer-thread.js'
import { noteTerm } from '../../src/observe/term-journal.js'
import { RuntimeEvents } from '../../src/runtime/runtime-events.js'
import { Bench } from './core-support.js'

function thread(end: Promise<ThreadEnd>, onTerminate = () => {}): ObserverThread {
  const terminate = async () => onTerminate()
  return { end, begin: async () => {}, terminate } as unknown as ObserverThread
}

test('an observer that is abandoned does not wait for a restart, whose thread is ended when it comes', async () => {
  const bench = new Bench()
  const { region } = bench
  const notice = noteTerm(region.words)
  const ticket = bench.attach().control(KIND_OBSERVER, OBSERVER_WORKER, 0)
  bench.drain.run()
  let arrive = (_: ObserverThread) => {}
  let restart = () => {}
  const restarting = new Promise<void>((resolve) => {
    restart = resolve
  })
  const observer = new ModuleObserver(
    {
      region,
      progress: new ObserverProgress(),
      restarts: { max: 5, withinMs: 10_000 },
      events: new RuntimeEvents(),
      timeoutMs: 10_000,
      concurrency: 1,
      start: () => {
        restart()
        return new Promise((resolve) => {
          arrive = resolve
        })
      },
    },
    ticket,
    notice,
    thread(Promise.resolve({ kind: 'died', code: 1 })),
  )
  // The wait for the restart does not keep the process alive.
  const keepAlive = setInterval(() => {}, 1_000)
  await restarting
  assert.equal(await observer.abandon(), 0)
  clearInterval(keepAlive)
  await new Promise<void>((resolve) => arrive(thread(new Promise(() => {}), resolve)))
})
