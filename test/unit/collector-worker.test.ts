// The work of one collector, in this thread, on a procfs of the test's own; and how it speaks when the runtime is away.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { Collector } from '../../examples/collector/collector.js'
import {
  createSampleRing,
  SampleRingReader,
  SampleRingWriter,
} from '../../examples/collector/sample-ring.js'
import { tolerant, unlessAway } from '../../examples/collector/telling.js'
import { HealthError } from '../../src/model/errors.js'
import { RecordingVoice } from '../collector-fakes.js'

const LOAD = '0.69 0.22 0.10 5/106 7214\n'

describe('Collector', () => {
  let procfs = ''
  beforeEach(() => {
    procfs = mkdtempSync(join(tmpdir(), 'health-actor-test-'))
    writeFileSync(join(procfs, 'loadavg'), LOAD)
  })
  afterEach(() => rmSync(procfs, { recursive: true }))

  const settingsFor = (files: readonly string[]) => ({
    name: 'load',
    files,
    procfs,
    ratePerSecond: 1,
    queueCapacity: 16,
    deadlineMs: 100,
  })

  /** Starts it; it is stopped again before it gets to its second turn. */
  function takeOne(files: readonly string[], ring = createSampleRing(16)) {
    const own = new RecordingVoice()
    const queue = new RecordingVoice()
    const collector = new Collector(settingsFor(files), new SampleRingWriter(ring), own, queue)
    collector.start()
    collector.stop()
    return { own, queue, ring }
  }

  function linesIn(ring: SharedArrayBuffer): unknown[] {
    const batch = Buffer.alloc(1 << 20)
    const { endOffset } = new SampleRingReader(ring).drain(batch, 0)
    const lines = batch.toString('utf8', 0, endOffset).split('\n').slice(0, -1)
    return lines.map((line) => JSON.parse(line))
  }

  it('hands over a sample at once and says that it collects, with its counts', () => {
    const { own, ring } = takeOne(['loadavg'])
    const [sample] = linesIn(ring) as [{ at: number }]
    assert.ok(Math.abs(sample.at - Date.now()) < 60_000)
    assert.deepEqual(
      { ...sample, at: 0 },
      {
        at: 0,
        collector: 'load',
        number: 0,
        source: 'loadavg',
        values: { load1: 0.69, load5: 0.22, load15: 0.1, runnableCount: 5, threadCount: 106 },
      },
    )
    const counts = { sources: 'loadavg', samples: '1', dropped: '0', errors: '0' }
    assert.deepEqual(own.said, [['healthy', 'collecting', counts]])
  })

  it('says what is wrong with a file, and hands over nothing', () => {
    writeFileSync(join(procfs, 'loadavg'), '')
    const { own, ring } = takeOne(['loadavg'])
    assert.deepEqual(own.said, [
      ['degraded', 'loadavg: not an average: : ""', { source: 'loadavg' }],
    ])
    assert.deepEqual(linesIn(ring), [])
  })

  it('says between two readings that it lives', async () => {
    const own = new RecordingVoice()
    const beaten = new Promise<void>((resolve) => {
      own.beat = resolve
    })
    const ring = new SampleRingWriter(createSampleRing(16))
    const collector = new Collector(settingsFor(['loadavg']), ring, own, new RecordingVoice())
    collector.start()
    // The next reading is due in a second, and the deadline is a tenth of that.
    await beaten
    collector.stop()
  })

  it('goes on counting where the thread before it stopped', () => {
    const { ring } = takeOne(['loadavg'])
    takeOne(['loadavg'], ring)
    const numbers = linesIn(ring).map((sample) => (sample as { number: number }).number)
    assert.deepEqual(numbers, [0, 1])
  })

  it('says that the queue is full when it has to drop', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    while (writer.tryPush('x\n'));
    const { queue } = takeOne(['loadavg'], ring)
    assert.deepEqual(queue.said, [
      ['degraded', 'Buffer full, dropping resources', { capacity: '16', resource_type: 'load' }],
    ])
  })
})

describe('telling', () => {
  const failing = (code: ConstructorParameters<typeof HealthError>[0]) => () => {
    throw new HealthError(code, 'no')
  }

  it('passes over a runtime that is away or stopped', () => {
    unlessAway(failing('ERR_HEALTH_BACKPRESSURE'))
    unlessAway(failing('ERR_HEALTH_UNAVAILABLE'))
    unlessAway(failing('ERR_HEALTH_STOPPED'))
  })

  it('passes over nothing else', () => {
    assert.throws(() => unlessAway(failing('ERR_HEALTH_ARGUMENT')), { code: 'ERR_HEALTH_ARGUMENT' })
    assert.throws(() => unlessAway(() => assert.fail('a bug')), /a bug/)
  })

  it('passes on what is said unchanged', () => {
    const voice = new RecordingVoice()
    const soft = tolerant(voice)
    soft.update(1, 'a', { b: 'c' })
    soft.healthy('d')
    soft.degraded('e', {})
    soft.unhealthy('f')
    assert.deepEqual(voice.said, [
      ['healthy', 'a', { b: 'c' }],
      ['healthy', 'd', undefined],
      ['degraded', 'e', {}],
      ['unhealthy', 'f', undefined],
    ])
  })
})
