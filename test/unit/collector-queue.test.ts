// What the queue, the sink, the breaker and the collection manager say, and when.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { BufferQueue, DropNotice } from '../../examples/collector/buffer-queue.js'
import { SampleRingWriter } from '../../examples/collector/sample-ring.js'
import { RecordingVoice } from '../collector-fakes.js'

function queueOf(capacityOfEach = 16) {
  const voice = new RecordingVoice()
  const queue = new BufferQueue(['cpu', 'disk'], capacityOfEach, voice)
  const cpu = new SampleRingWriter(queue.ringOf('cpu'))
  const disk = new SampleRingWriter(queue.ringOf('disk'))
  return { voice, queue, cpu, disk, batch: Buffer.alloc(1024) }
}

const OPERATIONAL = ['healthy', 'Buffer is operational', { capacity: '32' }]

describe('BufferQueue', () => {
  it('is operational from the start, with its capacity', () => {
    const { queue, voice } = queueOf()
    queue.start()
    queue.stop()
    assert.deepEqual(voice.said, [OPERATIONAL, ['unhealthy', 'Buffer stopped', undefined]])
  })

  it('takes samples of all collectors, each in its order, and each collector is first in turn', () => {
    const { queue, cpu, disk, batch } = queueOf()
    for (const round of [0, 1]) {
      cpu.tryPush(`cpu ${round}\n`)
      disk.tryPush(`disk ${round}\n`)
    }
    const { byteCount, count } = queue.drain(batch)
    assert.equal(count, 4)
    assert.equal(batch.toString('utf8', 0, byteCount), 'cpu 0\ncpu 1\ndisk 0\ndisk 1\n')
    cpu.tryPush('cpu 2\n')
    disk.tryPush('disk 2\n')
    assert.equal(batch.toString('utf8', 0, queue.drain(batch).byteCount), 'disk 2\ncpu 2\n')
  })

  it('counts what was accepted, dropped, missed and is waiting, of all collectors', () => {
    const { queue, cpu, disk } = queueOf()
    for (let index = 0; index < 20; index++) cpu.tryPush('x\n')
    disk.tryPush('y\n')
    disk.noteMissed(3)
    assert.deepEqual(queue.counts(), { accepted: 17, dropped: 4, missed: 3, depth: 17 })
  })

  it('says nothing while samples are dropped or have just been', () => {
    const { queue, voice, cpu, batch } = queueOf()
    for (let index = 0; index < 17; index++) cpu.tryPush('x\n')
    queue.settle(10_000)
    queue.drain(batch)
    queue.settle(10_900)
    assert.deepEqual(voice.said, [])
  })

  it('is operational again when it has drained and nothing was dropped for a second', () => {
    const { queue, voice, cpu, batch } = queueOf()
    for (let index = 0; index < 17; index++) cpu.tryPush('x\n')
    queue.settle(10_000)
    queue.drain(batch)
    queue.settle(11_000)
    assert.deepEqual(voice.said, [OPERATIONAL])
  })

  it('is not operational again before it has drained to a quarter', () => {
    const { queue, voice, cpu } = queueOf()
    for (let index = 0; index < 17; index++) cpu.tryPush('x\n')
    queue.settle(10_000)
    queue.settle(20_000)
    assert.deepEqual(voice.said, [])
  })

  it('tells how many samples came in and were taken out', () => {
    const { queue, voice, cpu, disk, batch } = queueOf()
    cpu.tryPush('a\n')
    disk.tryPush('b\n')
    queue.settle(10_000)
    assert.deepEqual(voice.lastProgress, [2, 0])
    queue.drain(batch)
    cpu.tryPush('c\n')
    queue.settle(10_100)
    assert.deepEqual(voice.lastProgress, [3, 2])
  })

  it('refuses the name of a collector that it does not have', () => {
    assert.throws(() => queueOf().queue.ringOf('gpu'), /name=gpu/)
  })
})

describe('DropNotice', () => {
  it('tells the first drop at once and then one in 200 ms', () => {
    const voice = new RecordingVoice()
    const notice = new DropNotice(voice, 32, 'cpu')
    for (const nowMs of [5, 6, 204, 205, 300, 405]) notice.noteDrop(nowMs)
    const full = [
      'degraded',
      'Buffer full, dropping resources',
      { capacity: '32', resource_type: 'cpu' },
    ]
    assert.deepEqual(voice.said, [full, full, full])
  })
})
