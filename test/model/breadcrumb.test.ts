// A breadcrumb is of one piece for a reader: whichever of the two threads goes on at whichever instant of the other, and
// wherever the writer is killed.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BreadcrumbWriter, readBreadcrumb } from '../../src/memory/breadcrumb.js'
import { createRegion } from '../../src/memory/region.js'
import { forEachPoint, interrupt, kill } from './harness/simulation.js'

const SIZES = {
  maxComponents: 1,
  maxThreads: 2,
  mailboxBytes: 4096,
  journalBytes: 4096,
  heapBytes: 16 * 1024,
  maxPayloadBytes: 512,
}
/** Of different lengths, and different in each word. */
const TEXTS = ['', 'parse batch', 'größte Länge eines Textes, in 😀', 'AAAABBBBCC']

class Scene {
  readonly region = createRegion(SIZES)
  readonly writer: BreadcrumbWriter

  constructor(text: string) {
    this.writer = new BreadcrumbWriter(this.region, 0)
    this.writer.set('something else')
    this.writer.set(text)
  }

  /** '' for none. */
  read(): string {
    return readBreadcrumb(this.region, 0)?.text ?? ''
  }
}

for (const before of TEXTS) {
  for (const after of TEXTS) {
    const name = `${JSON.stringify(before)} followed by ${JSON.stringify(after)}`

    test(`${name} is read whole while it is written`, () => {
      const points = forEachPoint((point) => {
        const scene = new Scene(before)
        const write = () => scene.writer.set(after)
        const isReached = interrupt(point, write, () => {
          assert.ok([before, after, ''].includes(scene.read()))
        })
        assert.equal(scene.read(), after)
        return isReached
      })
      assert.ok(points >= 1)
    })

    test(`${name} is read whole when it is written while it is read`, () => {
      const points = forEachPoint((point) => {
        const scene = new Scene(before)
        let found: string | undefined
        const read = () => {
          found = scene.read()
        }
        const isReached = interrupt(point, read, () => scene.writer.set(after))
        assert.ok([before, after, ''].includes(found ?? ''), found)
        return isReached
      })
      assert.ok(points >= 3)
    })

    test(`${name}, killed, is read whole or not at all, and the next owner begins anew`, () => {
      forEachPoint((point) => {
        const scene = new Scene(before)
        const isReached = kill(point, () => scene.writer.set(after))
        assert.ok([before, after, ''].includes(scene.read()))
        const next = new BreadcrumbWriter(scene.region, 0)
        assert.equal(scene.read(), '')
        next.set(after)
        assert.equal(scene.read(), after)
        return isReached
      })
    })
  }
}
