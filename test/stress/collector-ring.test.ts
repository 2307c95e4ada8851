// The ring of the sample collector with a real thread that is killed again and again in the middle of its work.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import {
  createSampleRing,
  MAX_SAMPLE_BYTES,
  SampleRingReader,
} from '../../examples/collector/sample-ring.js'

const KILLS = 15
const SAMPLES_A_LIFE = 2_000

it('a killed collector loses nothing that it handed over, and every sample is in one counter', async () => {
  const ring = createSampleRing(64)
  const reader = new SampleRingReader(ring)
  const batch = Buffer.alloc(MAX_SAMPLE_BYTES)
  let drainedCount = 0
  let lastNumber = -1

  const drain = () => {
    const { endOffset, count } = reader.drain(batch, 0)
    drainedCount += count
    const lines = batch.toString('utf8', 0, endOffset).split('\n')
    assert.equal(lines.pop(), '')
    assert.equal(lines.length, count)
    for (const line of lines) {
      const [number = '', length, text = ''] = line.split(' ')
      assert.equal(text, (number.at(-1) ?? '').repeat(Number(length)), 'a torn sample')
      assert.ok(Number(number) > lastNumber, `${number} came after ${lastNumber}`)
      lastNumber = Number(number)
    }
  }

  for (let life = 0; life < KILLS; life++) {
    const worker = new Worker(new URL('./fixtures/ring-producer.js', import.meta.url), {
      workerData: ring,
    })
    const exited = once(worker, 'exit')
    const enough = drainedCount + SAMPLES_A_LIFE + life
    try {
      while (drainedCount < enough) {
        drain()
        await nextTurn()
      }
    } finally {
      await worker.terminate()
      await exited
    }
  }
  drain()
  assert.equal(drainedCount, reader.acceptedCount)
  assert.equal(reader.depth, 0)
  assert.ok(reader.droppedCount > 0, 'the ring was never full, so this test has not shown much')
  // A number is taken by an accepted or a dropped sample, so the last one tells how many there were at least.
  assert.ok(lastNumber < reader.acceptedCount + reader.droppedCount)
})
