// The collection manager: what it says and when it suppresses, with threads that live and die on request.
import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import {
  CollectionManager,
  type CollectorThread,
} from '../../examples/collector/collection-manager.js'
import { RecordingVoice, settle } from '../collector-fakes.js'

class FakeThread implements CollectorThread {
  becomeReady: () => void = () => {}
  failToStart: (error: Error) => void = () => {}
  exit: (code: number) => void = () => {}
  readonly ready = new Promise<void>((resolve, reject) => {
    this.becomeReady = resolve
    this.failToStart = reject
  })
  readonly exited = new Promise<number>((resolve) => {
    this.exit = resolve
  })
  hangMs = 0
  hang(durationMs: number): void {
    this.hangMs = durationMs
  }
  requestStop(): void {
    this.exit(0)
  }
  async terminate(): Promise<void> {
    this.exit(1)
  }
}

function managerOf(...names: string[]) {
  const logged: string[] = []
  let refusal: Error | undefined
  const refuseThreads = (error: Error) => {
    refusal = error
  }
  const voice = new RecordingVoice()
  const threads: FakeThread[] = []
  const suppress =
    (what: string) =>
    (...details: unknown[]) => {
      voice.said.push([what, ...details])
    }
  const manager = new CollectionManager({
    names,
    voice,
    health: {
      suppressLiveness: suppress('suppressLiveness'),
      clearLivenessSuppression: suppress('clearLivenessSuppression'),
      clearReadinessSuppression: suppress('clearReadinessSuppression'),
    },
    log: (line) => void logged.push(line),
    launch: () => {
      if (refusal !== undefined) throw refusal
      const thread = new FakeThread()
      threads.push(thread)
      return thread
    },
  })
  const words = () => voice.said.map(([what, message]) => (message === undefined ? what : message))
  const forget = () => voice.said.splice(0)
  return { manager, voice, threads, words, forget, logged, refuseThreads }
}

async function startAll(manager: CollectionManager, threads: readonly FakeThread[]): Promise<void> {
  const started = manager.start()
  for (const thread of threads) thread.becomeReady()
  await started
}

describe('CollectionManager', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }))
  afterEach(() => mock.timers.reset())

  it('says that all are started, and only then lifts the readiness suppression', async () => {
    const { manager, voice, threads } = managerOf('cpu', 'disk')
    const started = manager.start()
    threads[0]?.becomeReady()
    await settle()
    assert.deepEqual(voice.said, [])
    threads[1]?.becomeReady()
    await started
    assert.deepEqual(voice.said, [
      ['healthy', '2 collectors started', { collector_count: '2' }],
      ['clearReadinessSuppression'],
    ])
    await manager.stop()
  })

  it('says which collector failed to start, and tries it again', async () => {
    const { manager, voice, threads } = managerOf('cpu', 'disk')
    const started = manager.start()
    threads[0]?.becomeReady()
    threads[1]?.failToStart(new Error('no'))
    await started
    await settle()
    assert.deepEqual(voice.said.at(-1), [
      'degraded',
      'collector disk failed to start',
      { failed_collector: 'disk' },
    ])
    mock.timers.tick(1_000)
    threads[2]?.becomeReady()
    await settle()
    assert.deepEqual(voice.said.slice(-3), [
      ['healthy', '2 collectors started', { collector_count: '2' }],
      ['clearLivenessSuppression'],
      ['clearReadinessSuppression'],
    ])
    await manager.stop()
  })

  it('gives up on a thread that does not get ready within 30 s, and starts another', async () => {
    const { manager, threads, words } = managerOf('cpu')
    manager.start()
    mock.timers.tick(30_000)
    await settle()
    assert.ok(words().includes('All collectors stopped'))
    mock.timers.tick(1_000)
    assert.equal(threads.length, 2)
    await manager.stop()
  })

  it('restarts a thread that ends before it fails to start once, not twice', async () => {
    const { manager, threads, logged } = managerOf('cpu')
    const started = manager.start()
    threads[0]?.exit(1)
    threads[0]?.failToStart(new Error('it exited with code 1'))
    await started
    // Time for the second of two restarts, which would come after the doubled delay.
    mock.timers.tick(3_000)
    assert.equal(threads.length, 2)
    assert.equal(logged.filter((line) => line.includes('restarting in')).length, 1)
    await manager.stop()
  })

  it('restarts a thread that gets ready and ends at once, and does not take it for running', async () => {
    const { manager, threads } = managerOf('cpu')
    const started = manager.start()
    threads[0]?.exit(1)
    threads[0]?.becomeReady()
    await started
    assert.equal(manager.runningCount, 0)
    mock.timers.tick(3_000)
    assert.equal(threads.length, 2)
    await manager.stop()
  })

  it('tries again once where no thread can be had', async () => {
    const { manager, refuseThreads, logged } = managerOf('cpu')
    refuseThreads(new Error('no memory'))
    await manager.start()
    assert.deepEqual(logged, [
      'collector cpu failed to start: no memory',
      'collector cpu got no thread, restarting in 1 s',
    ])
    await manager.stop()
  })

  it('ends threads that are still starting when it is stopped, without a word of failure', async () => {
    const { manager, threads, logged } = managerOf('cpu')
    const started = manager.start()
    threads[0]?.exited.then((code) => threads[0]?.failToStart(new Error(`exit code ${code}`)))
    await manager.stop()
    await started
    mock.timers.tick(60_000)
    assert.equal(threads.length, 1)
    assert.deepEqual(logged, [])
  })

  it('suppresses liveness before it says that a collector died, and lifts it after it says that it is back', async () => {
    const { manager, voice, threads, forget } = managerOf('cpu', 'disk')
    await startAll(manager, threads)
    forget()
    threads[0]?.exit(1)
    await settle()
    mock.timers.tick(1_000)
    threads[2]?.becomeReady()
    await settle()
    assert.deepEqual(
      voice.said.map(([what]) => what),
      ['suppressLiveness', 'degraded', 'healthy', 'clearLivenessSuppression'],
    )
    assert.deepEqual(voice.said[1], [
      'degraded',
      'collector cpu stopped, restarting',
      { failed_collector: 'cpu' },
    ])
    await manager.stop()
  })

  it('says that all have stopped when the last one dies, under suppression', async () => {
    const { manager, threads, words, forget } = managerOf('cpu')
    await startAll(manager, threads)
    forget()
    threads[0]?.exit(7)
    await settle()
    assert.deepEqual(words().slice(-1), ['All collectors stopped'])
    assert.equal(words().length, 2)
    await manager.stop()
  })

  it('suppresses an outage once, however often restarts fail', async () => {
    const { manager, threads, voice } = managerOf('cpu')
    await startAll(manager, threads)
    threads[0]?.exit(1)
    await settle()
    for (const delayMs of [1_000, 2_000, 4_000, 8_000]) {
      mock.timers.tick(delayMs)
      threads.at(-1)?.failToStart(new Error('no'))
      await settle()
    }
    assert.equal(threads.length, 5)
    assert.equal(voice.said.filter(([what]) => what === 'suppressLiveness').length, 1)
    await manager.stop()
  })

  it('gives a collector that dies right after each restart no new time', async () => {
    const { manager, threads, voice } = managerOf('cpu')
    await startAll(manager, threads)
    threads[0]?.exit(1)
    await settle()
    mock.timers.tick(1_000)
    threads[1]?.becomeReady()
    await settle()
    threads[1]?.exit(1)
    await settle()
    const durations = voice.said
      .filter(([what]) => what === 'suppressLiveness')
      .map((said) => said[1])
    assert.equal(durations.length, 2)
    assert.equal(durations[0], 60_000)
    assert.ok(Number(durations[1]) < 60_000, durations.join(' '))
    await manager.stop()
  })

  it('stops all collectors, says so, and starts none any more', async () => {
    const { manager, threads, voice } = managerOf('cpu', 'disk')
    await startAll(manager, threads)
    threads[0]?.exit(1)
    await settle()
    await manager.stop()
    mock.timers.tick(60_000)
    await settle()
    assert.equal(threads.length, 2)
    assert.deepEqual(voice.said.at(-1), ['unhealthy', 'All collectors stopped', undefined])
  })

  it('names the collector that it lets hang on request', async () => {
    const { manager, threads } = managerOf('cpu', 'disk')
    await startAll(manager, threads)
    assert.equal(manager.hangOne(500), 'cpu')
    assert.deepEqual(
      threads.map(({ hangMs }) => hangMs),
      [500, 0],
    )
    await manager.stop()
  })

  it('names the collector that it kills on request', async () => {
    const { manager, threads } = managerOf('cpu', 'disk')
    await startAll(manager, threads)
    assert.equal(manager.killOne(), 'cpu')
    await settle()
    assert.equal(manager.runningCount, 1)
    await manager.stop()
  })
})
