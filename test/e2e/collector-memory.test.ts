// The sample collector in a memory cgroup of its own, while it fills it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, linux, messageOf, statusOf, withCollector } from './collector-process.js'
import { collectorIn, MemoryCgroup, withMemoryCgroups } from './support/memory-cgroup.js'

const NAME = 'memory_pressure'
const LIMIT_BYTES = 400 * 2 ** 20
const ARGS = ['--rate', '100', '--fault', 'fill-memory=4s@500ms']

const percentOf = (answer: Answer) => Number(answer.components[NAME]?.metadata?.['usage_percent'])

async function inCgroup(
  limitBytes: number | undefined,
  use: Parameters<typeof withCollector>[1],
): Promise<void> {
  const cgroup = new MemoryCgroup(limitBytes)
  try {
    await withCollector(ARGS, use, collectorIn(cgroup))
  } finally {
    cgroup.remove()
  }
}

const options = process.platform === 'linux' ? withMemoryCgroups() : linux

describe('the sample collector, when its memory fills', options, () => {
  it('tells of memory pressure while usage is above the threshold, stays alive and ready, and is healthy after', () =>
    inCgroup(LIMIT_BYTES, async (collector) => {
      await collector.said(/fault: filling the memory up to the threshold of memory pressure, at /)
      const filled = await collector.probeUntil(
        '/components',
        (answer) => statusOf(answer, NAME) === 'degraded',
      )
      const full = filled.at(-1) as Answer
      assert.equal(messageOf(full, NAME), 'Approaching container memory limit')
      assert.equal(full.components[NAME]?.metadata?.['limit_bytes'], `${LIMIT_BYTES}`)
      assert.ok(percentOf(full) >= 85 && percentOf(full) < 90, `${percentOf(full)} %`)
      assert.match(
        collector.output,
        /fault: memory usage is at 8[6-9]\.\d % of 400 MiB, and is kept/,
      )
      assert.doesNotMatch(collector.output, /fault: let go/)
      for (const path of ['/healthz', '/readyz'] as const) {
        await collector.probeUntil(path, ({ code }) => code === 200)
      }
      const emptied = await collector.probeUntil(
        '/components',
        (answer) => statusOf(answer, NAME) === 'healthy',
      )
      const empty = emptied.at(-1) as Answer
      assert.equal(messageOf(empty, NAME), 'Memory usage back to normal')
      assert.ok(percentOf(empty) < 85, `${percentOf(empty)} %`)
      await collector.said(/fault: let go of \d+ MiB/)
      await collector.said(/transition \d+: memory_pressure unspecified -> degraded: Approaching/)
      await collector.said(/transition \d+: memory_pressure degraded -> healthy: Memory usage back/)
      assert.equal(await collector.stop(), 0, collector.output)
    }))

  it('lets go at once when it is stopped meanwhile', () =>
    inCgroup(LIMIT_BYTES, async (collector) => {
      await collector.said(/fault: memory usage is at/)
      assert.equal(await collector.stop(), 0, collector.output)
      assert.match(collector.output, /fault: let go of \d+ MiB/)
    }))

  it('takes nothing where there is no limit, and says so', () =>
    inCgroup(undefined, async (collector) => {
      await collector.said(/^fault: filled no memory \(no memory limit is set\)$/m)
      const answer = await collector.probe('/components')
      assert.equal(statusOf(answer, NAME), 'unspecified')
      assert.equal(await collector.stop(), 0, collector.output)
      assert.doesNotMatch(collector.output, /fault: let go|fault: memory usage/)
    }))
})
