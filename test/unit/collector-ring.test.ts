// The ring between a collector's thread and the main thread, both sides driven from one thread here, against a plain
// array; and the schedule of the readings.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  createSampleRing,
  MAX_SAMPLE_BYTES,
  SampleRingReader,
  SampleRingWriter,
} from '../../examples/collector/sample-ring.js'
import { Schedule } from '../../examples/collector/schedule.js'

function drainAll(reader: SampleRingReader, batchBytes = MAX_SAMPLE_BYTES): string[] {
  const batch = Buffer.alloc(batchBytes)
  const { endOffset } = reader.drain(batch, 0)
  return batch.toString('utf8', 0, endOffset).split('\n').slice(0, -1)
}

describe('sample ring', () => {
  it('hands samples over in order, whole, once', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    const reader = new SampleRingReader(ring)
    assert.ok(writer.tryPush('one\n'))
    assert.ok(writer.tryPush('zwölf 😀\n'))
    assert.equal(reader.depth, 2)
    assert.deepEqual(drainAll(reader), ['one', 'zwölf 😀'])
    assert.deepEqual(drainAll(reader), [])
  })

  it('refuses the newest sample when it is full, and counts it', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    const reader = new SampleRingReader(ring)
    const pushed = Array.from({ length: 18 }, (_, index) => writer.tryPush(`${index}\n`))
    assert.deepEqual(pushed.slice(14), [true, true, false, false])
    assert.deepEqual([reader.acceptedCount, reader.droppedCount, writer.offeredCount], [16, 2, 18])
    assert.equal(drainAll(reader).at(-1), '15')
    assert.ok(writer.tryPush('again\n'))
  })

  it('refuses a sample for which the text area has no room', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    const half = `${'x'.repeat(MAX_SAMPLE_BYTES - 1)}\n`
    assert.deepEqual(
      [half, half, 'x\n'].map((sample) => writer.tryPush(sample)),
      [true, true, false],
    )
  })

  it('keeps a sample in one piece that would cross the end of the text area', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    const reader = new SampleRingReader(ring)
    const sample = (letter: string) => letter.repeat(200_000)
    for (const letter of ['a', 'b', 'c', 'd', 'e', 'f']) {
      assert.ok(writer.tryPush(`${sample(letter)}\n`))
      assert.deepEqual(drainAll(reader), [sample(letter)])
    }
  })

  it('throws for a sample that no batch could take, and counts it nowhere', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    assert.throws(() => writer.tryPush('x'.repeat(MAX_SAMPLE_BYTES + 1)), /bytes=262145 max=262144/)
    assert.equal(writer.offeredCount, 0)
  })

  it('keeps what does not fit into the batch for the next one', () => {
    const ring = createSampleRing(16)
    const writer = new SampleRingWriter(ring)
    const reader = new SampleRingReader(ring)
    for (const sample of ['aaaa\n', 'bbbb\n', 'cccc\n']) writer.tryPush(sample)
    assert.deepEqual(drainAll(reader, 12), ['aaaa', 'bbbb'])
    assert.deepEqual(drainAll(reader, 12), ['cccc'])
  })

  it('goes on where a killed writer stopped, without what it had not handed over', () => {
    const ring = createSampleRing(16)
    const reader = new SampleRingReader(ring)
    const first = new SampleRingWriter(ring)
    first.tryPush('one\n')
    // As killed in the middle of a sample: text and entry are there, the tail is not.
    const words = new Int32Array(ring)
    words.fill(-1, 64 + 2 * 1, 64 + 2 * 2)
    const second = new SampleRingWriter(ring)
    second.tryPush('two\n')
    assert.deepEqual(drainAll(reader), ['one', 'two'])
    assert.equal(second.offeredCount, 2)
  })

  it('counts on when its words wrap around', () => {
    const ring = createSampleRing(16)
    const words = new Int32Array(ring)
    words.fill(-2, 0, 1) // tail
    words.fill(-2, 32, 33) // head
    const writer = new SampleRingWriter(ring)
    const reader = new SampleRingReader(ring)
    const before = reader.acceptedCount
    for (let round = 0; round < 4; round++) {
      writer.tryPush(`${round}\n`)
      assert.deepEqual(drainAll(reader), [String(round)])
    }
    assert.equal(reader.acceptedCount - before, 4)
  })

  it('equals a bounded array, for any order of pushes, drains and new writers', () => {
    const command = fc.oneof(
      {
        weight: 6,
        arbitrary: fc.integer({ min: 20_000, max: 60_000 }).map((length) => ({ push: length })),
      },
      {
        weight: 2,
        arbitrary: fc.integer({ min: 60_100, max: 300_000 }).map((bytes) => ({ drain: bytes })),
      },
      { weight: 1, arbitrary: fc.constant({ restart: true }) },
    )
    fc.assert(
      fc.property(fc.array(command, { minLength: 30, maxLength: 90 }), (commands) => {
        const ring = createSampleRing(16)
        let writer = new SampleRingWriter(ring)
        const reader = new SampleRingReader(ring)
        const model: string[] = []
        let number = 0
        let droppedCount = 0
        for (const step of commands) {
          if ('push' in step) {
            const sample = `${number++}${'x'.repeat(step.push)}\n`
            if (writer.tryPush(sample)) model.push(sample.slice(0, -1))
            else droppedCount++
            assert.ok(model.length <= 16)
          } else if ('drain' in step) {
            const drained = drainAll(reader, step.drain)
            assert.deepEqual(drained, model.splice(0, drained.length))
            assert.ok(drained.length > 0 || model.length === 0)
          } else {
            writer = new SampleRingWriter(ring)
          }
          assert.equal(reader.depth, model.length)
          assert.equal(reader.droppedCount, droppedCount)
          assert.equal(writer.offeredCount, number)
        }
      }),
      { numRuns: 40 },
    )
  })
})

describe('Schedule', () => {
  it('owes the first sample at the start and then one each period', () => {
    const schedule = new Schedule(10, 1000)
    const taken = [1000, 1050, 1100, 1199, 1200, 1300].map((nowMs) => schedule.takeDue(nowMs))
    assert.deepEqual(taken, [1, 0, 1, 0, 1, 1])
  })

  it('does not drift: late timers never add up', () => {
    const schedule = new Schedule(1000, 0)
    let takenCount = 0
    let nowMs = 0
    while (nowMs < 3_600_000) {
      takenCount += schedule.takeDue(nowMs)
      nowMs += schedule.delayMs(nowMs) + 1.7
    }
    takenCount += schedule.takeDue(3_600_000)
    assert.equal(takenCount, 3_600_001)
    assert.equal(schedule.missedCount, 0)
  })

  it('gives up what is more than 50 ms late, and counts it', () => {
    const schedule = new Schedule(1000, 0)
    schedule.takeDue(0)
    assert.equal(schedule.takeDue(5_000), 50)
    assert.equal(schedule.missedCount, 4_950)
    assert.equal(schedule.takeDue(5_001), 1)
  })

  it('gives up whole periods at a slow rate, and takes one sample', () => {
    const schedule = new Schedule(1, 0)
    schedule.takeDue(0)
    assert.equal(schedule.takeDue(10_500), 1)
    assert.equal(schedule.missedCount, 9)
    assert.equal(schedule.delayMs(10_500), 500)
  })
})
