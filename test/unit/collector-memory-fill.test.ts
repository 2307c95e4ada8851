// The fault fill-memory: how much it takes, for how long, and what it says. Time is moved by hand, and memory is a number.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ballast } from '../../examples/collector/ballast.js'
import { MemoryFill, type MemoryFillParts } from '../../examples/collector/memory-fill.js'
import { ManualAlarm } from '../collector-fakes.js'

const MIB = 2 ** 20
const LIMIT = 400 * MIB

/** A cgroup in which the program has 100 MiB, and the machine as much as is asked for. */
class Rig {
  readonly alarm = new ManualAlarm()
  readonly said: string[] = []
  readonly takes: number[] = []
  /** What the rest of the program has. */
  otherBytes = 100 * MIB
  heldBytes = 0
  mostBytes = 0
  readonly memory: MemoryFill

  constructor(parts: Partial<MemoryFillParts> = {}) {
    const rig = this
    this.memory = new MemoryFill({
      thresholdPercent: 85,
      read: () => ({ usageBytes: BigInt(this.usage), limitBytes: BigInt(LIMIT) }),
      ballast: {
        get heldBytes() {
          return rig.heldBytes
        },
        take: (bytes) => {
          this.takes.push(bytes)
          this.heldBytes += bytes
          this.mostBytes = Math.max(this.mostBytes, this.usage)
        },
        giveBack: (bytes) => {
          this.heldBytes -= Math.min(bytes, this.heldBytes)
        },
      },
      freeBytes: () => 1_000 * MIB,
      alarm: this.alarm,
      log: (line) => this.said.push(line),
      ...parts,
    })
  }

  get usage(): number {
    return this.otherBytes + this.heldBytes
  }

  get percent(): number {
    return (this.usage / LIMIT) * 100
  }

  /** As many turns of the loop as filling takes, and some more; no time passes. */
  async fillUp(): Promise<void> {
    for (let i = 0; i < 60; i++) await this.alarm.advance(0)
  }
}

const FILLED = 'fault: memory usage is at 86.0 % of 400 MiB, and is kept there for 10 s'

describe('the fault fill-memory', () => {
  it('goes a percent above the threshold in steps, keeps that for its time, and lets go of all', async () => {
    const rig = new Rig()
    const done = rig.memory.fill(10_000)
    assert.equal(rig.takes.length, 1, 'one step in a turn of the loop')
    await rig.fillUp()
    assert.equal(Math.round(rig.percent * 10) / 10, 86)
    assert.ok(Math.max(...rig.takes) <= 8 * MIB)
    assert.deepEqual(rig.said, [FILLED])
    const takeCount = rig.takes.length
    await rig.alarm.advance(9_999)
    assert.equal(rig.takes.length, takeCount)
    assert.ok(rig.percent > 85)
    await rig.alarm.advance(1)
    await done
    assert.equal(rig.heldBytes, 0)
    assert.deepEqual(rig.said, [FILLED, 'fault: let go of 244 MiB'])
    assert.ok(rig.mostBytes < 0.87 * LIMIT)
  })

  it('makes up for what the rest of the program takes and gives back meanwhile', async () => {
    const rig = new Rig()
    const done = rig.memory.fill(10_000)
    await rig.fillUp()
    rig.otherBytes += 10 * MIB
    await rig.alarm.advance(100)
    assert.equal(Math.round(rig.percent * 10) / 10, 86)
    rig.otherBytes -= 30 * MIB
    await rig.alarm.advance(400)
    assert.equal(Math.round(rig.percent * 10) / 10, 86)
    // What is about right is left alone.
    const { heldBytes } = rig
    for (const bytes of [MIB, -2 * MIB, 2 * MIB]) {
      rig.otherBytes += bytes
      await rig.alarm.advance(100)
    }
    assert.equal(rig.heldBytes, heldBytes)
    await rig.alarm.advance(10_000)
    await done
    assert.equal(rig.heldBytes, 0)
    assert.ok(rig.mostBytes < 0.87 * LIMIT)
  })

  it('takes nothing where usage is above the threshold already, and says how it is', async () => {
    const rig = new Rig()
    rig.otherBytes = 0.9 * LIMIT
    const done = rig.memory.fill(500)
    await rig.alarm.advance(500)
    await done
    assert.deepEqual(rig.takes, [])
    assert.deepEqual(rig.said, [
      'fault: memory usage is at 90.0 % of 400 MiB, and is kept there for 0.5 s',
    ])
  })

  it('lets go at once when it is called off, while it fills and while it holds', async () => {
    for (const isHolding of [false, true]) {
      const rig = new Rig()
      const done = rig.memory.fill(10_000)
      if (isHolding) await rig.fillUp()
      assert.ok(rig.heldBytes > 0)
      rig.memory.stop()
      await done
      assert.equal(rig.heldBytes, 0)
      assert.match(rig.said.at(-1) ?? '', /^fault: let go of \d+ MiB$/)
      await rig.memory.fill(10_000)
      assert.equal(rig.heldBytes, 0)
    }
  })

  it('fills once at a time, and again afterwards', async () => {
    const rig = new Rig()
    const done = rig.memory.fill(1_000)
    await rig.memory.fill(1_000)
    assert.deepEqual(rig.said, ['fault: filled no memory (it is filled already)'])
    await rig.fillUp()
    await rig.alarm.advance(1_000)
    await done
    const again = rig.memory.fill(1_000)
    await rig.fillUp()
    assert.ok(rig.percent > 85)
    await rig.alarm.advance(1_000)
    await again
    assert.equal(rig.said.filter((line) => line.startsWith('fault: let go')).length, 2)
  })

  const obstacles: readonly (readonly [string, Partial<MemoryFillParts>, string])[] = [
    [
      'no limit is set',
      { read: () => ({ usageBytes: 1n, limitBytes: undefined }) },
      'no memory limit is set',
    ],
    [
      'usage can not be read',
      {
        read: () => {
          throw new Error('/sys/fs/cgroup: no cgroup file system, on linux')
        },
      },
      "memory usage can't be read: /sys/fs/cgroup: no cgroup file system, on linux",
    ],
    [
      'the machine has less than that',
      { freeBytes: () => 200 * MIB },
      '244 MiB are missing to the threshold, and the machine has 200 MiB left',
    ],
  ]
  for (const [what, parts, why] of obstacles) {
    it(`takes nothing where ${what}, and says so in one line`, async () => {
      const rig = new Rig(parts)
      await rig.memory.fill(10_000)
      assert.deepEqual(rig.takes, [])
      assert.deepEqual(rig.said, [`fault: filled no memory (${why})`])
    })
  }

  it('lets go when something fails on the way, and says what', async () => {
    let readCount = 0
    const rig: Rig = new Rig({
      read: () => {
        if (++readCount > 5) throw new Error('gone')
        return { usageBytes: BigInt(rig.usage), limitBytes: BigInt(LIMIT) }
      },
    })
    const done = rig.memory.fill(10_000)
    await rig.fillUp()
    await done
    assert.equal(rig.heldBytes, 0)
    assert.deepEqual(rig.said, ["fault: can't fill the memory: gone", 'fault: let go of 24 MiB'])
  })

  it('gives up where usage does not grow with what it takes', async () => {
    const rig = new Rig({ read: () => ({ usageBytes: 0n, limitBytes: BigInt(LIMIT) }) })
    const done = rig.memory.fill(10_000)
    await rig.fillUp()
    await done
    assert.equal(rig.heldBytes, 0)
    assert.equal(
      rig.said[0],
      "fault: can't fill the memory: usage does not grow with what is taken",
    )
  })
})

describe('its ballast', () => {
  it('is memory that the process has, and at once has no more', () => {
    const ballast = new Ballast()
    const beforeBytes = process.memoryUsage.rss()
    for (let i = 0; i < 16; i++) ballast.take(8 * MIB)
    const heldBytes = process.memoryUsage.rss()
    assert.equal(ballast.heldBytes, 128 * MIB)
    assert.ok(heldBytes > beforeBytes + 100 * MIB, `before=${beforeBytes} held=${heldBytes}`)
    ballast.giveBack(128 * MIB)
    const afterBytes = process.memoryUsage.rss()
    assert.equal(ballast.heldBytes, 0)
    assert.ok(afterBytes < heldBytes - 100 * MIB, `held=${heldBytes} after=${afterBytes}`)
  })

  it('gives back parts, and no more than there is', () => {
    const ballast = new Ballast()
    ballast.take(MIB)
    ballast.take(MIB)
    ballast.giveBack(MIB / 2)
    assert.equal(ballast.heldBytes, 1.5 * MIB)
    ballast.giveBack(MIB)
    assert.equal(ballast.heldBytes, 0.5 * MIB)
    ballast.take(MIB)
    ballast.giveBack(100 * MIB)
    assert.equal(ballast.heldBytes, 0)
  })
})
