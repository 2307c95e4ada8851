// The sink: what it writes, what it says, and when it stops trying. Time is moved by hand.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Sink } from '../../examples/collector/sink.js'
import { CircuitBreaker, transportStatusOf } from '../../src/heartbeat/index.js'
import {
  LineQueue,
  ManualAlarm,
  RecordingVoice,
  ScriptedDestination,
  settle,
} from '../collector-fakes.js'

function startSink() {
  const queue = new LineQueue()
  const destination = new ScriptedDestination()
  const voice = new RecordingVoice()
  const alarm = new ManualAlarm()
  const logged: string[] = []
  let readerGoneCount = 0
  const sink = new Sink(
    {
      queue,
      destination,
      voice,
      log: (line) => logged.push(line),
      onReaderGone: () => readerGoneCount++,
    },
    alarm,
  )
  sink.start()
  const lastMessage = () => voice.said.at(-1)?.[1]
  return {
    queue,
    destination,
    voice,
    alarm,
    logged,
    sink,
    lastMessage,
    readerGone: () => readerGoneCount,
  }
}

describe('Sink', () => {
  it('takes time in which its thread did not run for no failure of the destination', async () => {
    const { queue, destination, alarm, sink, voice } = startSink()
    queue.push('a')
    await alarm.advance(50)
    destination.behaviour = 'hang'
    queue.push('b')
    await alarm.advance(100)
    // The timer fires first, when the thread is back; that the write is done is heard of after it.
    await alarm.oversleep(20_000)
    destination.release()
    await alarm.advance(50)
    assert.deepEqual(new Set(voice.said.map(([status]) => status)), new Set(['healthy']))
    assert.equal(destination.text, 'a\nb\n')
    await sink.stop(0)
  })

  it('tells how many samples it has taken and written', async () => {
    const { queue, voice, alarm, sink, destination } = startSink()
    destination.behaviour = 'hang'
    queue.push('a', 'b')
    await alarm.advance(50)
    assert.deepEqual(voice.lastProgress, [2, 0])
    destination.release()
    await alarm.advance(50)
    assert.deepEqual(voice.lastProgress, [2, 2])
    await sink.stop(0)
  })

  it('says that it is starting, and operational after the first write', async () => {
    const { queue, voice, alarm, sink } = startSink()
    await alarm.advance(1_000)
    assert.deepEqual(voice.said, [['healthy', 'Transport starting', undefined]])
    queue.push('a')
    await alarm.advance(50)
    assert.deepEqual(voice.said.slice(1), [
      [
        'healthy',
        'Transport operational',
        { consecutive_failures: '0', circuit_breaker: 'closed' },
      ],
    ])
    await sink.stop(0)
  })

  it('gathers samples for 50 ms and writes them in one go', async () => {
    const { queue, destination, alarm, sink } = startSink()
    await alarm.advance(1)
    queue.push('a', 'b')
    await alarm.advance(48)
    assert.equal(destination.writeCount, 0)
    await alarm.advance(1)
    assert.deepEqual([destination.text, destination.writeCount], ['a\nb\n', 1])
    assert.deepEqual([sink.writtenCount, sink.pendingCount], [2, 0])
    await sink.stop(0)
  })

  it('goes on behind the bytes that were taken, and counts a line with its last byte', async () => {
    const { queue, destination, alarm, sink } = startSink()
    destination.behaviour = 'take-half'
    queue.push('abcdef', 'ghi')
    await alarm.advance(50)
    assert.deepEqual([destination.text, sink.writtenCount, sink.pendingCount], ['abcdef', 0, 2])
    destination.behaviour = 'take'
    await alarm.advance(50)
    assert.deepEqual([destination.text, sink.writtenCount], ['abcdef\nghi\n', 2])
    await sink.stop(0)
  })

  it('tries the same bytes again after an error, and loses none', async () => {
    const { queue, destination, alarm, sink, lastMessage, logged } = startSink()
    destination.behaviour = 'fail'
    queue.push('a')
    await alarm.advance(50)
    assert.equal(lastMessage(), '1 consecutive failures')
    destination.behaviour = 'take'
    queue.push('b')
    await alarm.advance(500)
    assert.equal(lastMessage(), 'Transport operational')
    await alarm.advance(100)
    assert.equal(destination.text, 'a\nb\n')
    assert.deepEqual(logged, [
      'sink: ENOSPC: no space left on device',
      'sink: the destination takes samples again',
    ])
    await sink.stop(0)
  })

  it('counts a write that hangs as a failure each 500 ms, and never repeats it', async () => {
    const { queue, destination, alarm, sink, lastMessage } = startSink()
    destination.behaviour = 'hang'
    queue.push('a')
    await alarm.advance(50 + 1_000)
    assert.equal(lastMessage(), '2 consecutive failures')
    destination.release()
    await settle()
    assert.deepEqual([destination.text, destination.writeCount], ['a\n', 1])
    assert.equal(lastMessage(), 'Transport operational')
    await sink.stop(0)
  })

  it('stops trying for 15 s after the fifth failure in a row', async () => {
    const { queue, destination, alarm, sink, voice } = startSink()
    destination.behaviour = 'fail'
    queue.push('a')
    await alarm.advance(50 + 4 * 500)
    const [status, message, metadata] = voice.said.at(-1) ?? []
    assert.deepEqual(
      [status, message],
      ['unhealthy', 'Circuit breaker open, 5 consecutive failures'],
    )
    assert.match(
      (metadata as Record<string, string>)['reopen_at'] ?? '',
      /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
    )
    await alarm.advance(14_999)
    assert.equal(destination.writeCount, 5)
    await alarm.advance(1)
    assert.equal(destination.writeCount, 6)
    await sink.stop(0)
  })

  it('takes a hanging write that comes through although the breaker is open', async () => {
    const { queue, destination, alarm, sink, lastMessage } = startSink()
    destination.behaviour = 'hang'
    queue.push('a')
    await alarm.advance(50 + 5 * 500)
    assert.equal(lastMessage(), 'Circuit breaker open, 5 consecutive failures')
    destination.release()
    await settle()
    assert.equal(lastMessage(), 'Transport operational')
    await sink.stop(0)
  })

  it('writes what is left when it is stopped, and does not wait for more', async () => {
    const { queue, destination, alarm, sink } = startSink()
    await alarm.advance(10)
    queue.push('a', 'b')
    await sink.stop(5_000)
    assert.deepEqual([destination.text, sink.pendingCount], ['a\nb\n', 0])
  })

  it('tries once more when it is stopped while the breaker is open', async () => {
    const { queue, destination, alarm, sink } = startSink()
    destination.behaviour = 'fail'
    queue.push('a')
    await alarm.advance(50 + 4 * 500)
    destination.behaviour = 'take'
    const stopped = sink.stop(5_000)
    await settle()
    await stopped
    assert.equal(destination.text, 'a\n')
  })

  it('gives up at the end of its time when the destination takes nothing', async () => {
    const { queue, destination, alarm, sink } = startSink()
    destination.behaviour = 'hang'
    queue.push('a', 'b')
    await alarm.advance(50)
    const stopped = sink.stop(5_000)
    await alarm.advance(5_000)
    await stopped
    assert.deepEqual([sink.writtenCount, sink.pendingCount], [0, 2])
  })

  it('ends and says so once when nobody reads any more', async () => {
    const { queue, destination, alarm, sink, readerGone } = startSink()
    destination.behaviour = 'reader-gone'
    queue.push('a')
    await alarm.advance(10_000)
    assert.deepEqual([readerGone(), destination.writeCount, sink.pendingCount], [1, 1, 1])
    await sink.stop(5_000)
  })
})

describe('CircuitBreaker', () => {
  const afterFailures = (count: number) => {
    const breaker = new CircuitBreaker()
    for (let failure = 0; failure < count; failure++) breaker.fail(1_000)
    return breaker
  }

  it('opens with the fifth failure in a row', () => {
    assert.equal(afterFailures(4).isOpen, false)
    assert.equal(afterFailures(5).isOpen, true)
  })

  it('stays open for 15 s a failure above four, and for at most 5 minutes', () => {
    const waits = [4, 5, 6, 23, 24, 25, 1000].map((count) => afterFailures(count).waitMs(1_000))
    assert.deepEqual(waits, [0, 15_000, 30_000, 285_000, 300_000, 300_000, 300_000])
  })

  it('closes with one success', () => {
    const breaker = afterFailures(7)
    breaker.succeed()
    assert.deepEqual([breaker.isOpen, breaker.waitMs(1_000), breaker.failureCount], [false, 0, 0])
  })

  it('is told with the words of the reference in each state', () => {
    const at = new Date('2026-08-07T10:11:12.345Z')
    assert.deepEqual(
      [0, 1, 4, 5].map((count) => transportStatusOf(afterFailures(count), at)),
      [
        {
          status: 1,
          message: 'Transport operational',
          metadata: { consecutive_failures: '0', circuit_breaker: 'closed' },
        },
        {
          status: 2,
          message: '1 consecutive failures',
          metadata: { consecutive_failures: '1', circuit_breaker: 'closed' },
        },
        {
          status: 2,
          message: '4 consecutive failures',
          metadata: { consecutive_failures: '4', circuit_breaker: 'closed' },
        },
        {
          status: 3,
          message: 'Circuit breaker open, 5 consecutive failures',
          metadata: { circuit_breaker: 'open', reopen_at: '2026-08-07T10:11:12Z' },
        },
      ],
    )
  })
})
