// A main thread that does not come back to its loop: heartbeats go on as if nothing were. HEALTH_ACTOR_BLOCK_MS=60000 has it blocked for a
// minute, with the intervals of the defaults.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FleetReceiver } from '../../src/heartbeat/index.js'
import { healthStatusName } from '../../src/index.js'
import { runChild } from './support/child.js'

const BLOCK_MS = Number(process.env['HEALTH_ACTOR_BLOCK_MS'] ?? 10_000)
const isLong = BLOCK_MS >= 60_000
const INTERVAL_MS = isLong ? 15_000 : 2_000
const JITTER_MS = INTERVAL_MS / 10
/** Both processes share two cores with whatever else the machine does. */
const DELIVERY_MS = 1_000

test(`the gaps between heartbeats are no longer while the main thread is blocked for ${BLOCK_MS} ms`, {
  timeout: BLOCK_MS + 60_000,
}, async (t) => {
  const receiver = new FleetReceiver({ httpPort: null })
  const { url } = await receiver.start()
  t.after(() => receiver.stop())
  const times: number[] = []
  const loops: (string | undefined)[] = []
  receiver.on('heartbeat', ({ components }) => {
    times.push(Date.now())
    const loop = components.find(({ name }) => name === 'event_loop')
    loops.push(loop && healthStatusName(loop.status))
  })
  const options = { url, token: '', intervalMs: INTERVAL_MS, jitterMs: JITTER_MS }
  const args = [JSON.stringify(options), 'block', String(BLOCK_MS)]
  const { code, said, stderr } = await runChild('../fixtures/heartbeat-host.js', args)
  assert.deepEqual([code, stderr], [0, ''])
  const saidOf = (name: string) => said.find((line) => name in line)?.[name] as number
  const blockedAt = saidOf('blockedAt')
  const backAt = saidOf('backAt')
  assert.ok(backAt - blockedAt >= BLOCK_MS)
  const before = times.filter((time) => time <= blockedAt).slice(-1)
  const during = times.filter((time) => time > blockedAt && time <= backAt)
  // The first may have been made before the loop was late.
  const told = loops.filter((_, i) => during.indexOf(times[i] ?? 0) > 0)
  assert.ok(
    told.every((status) => status === 'degraded' || status === 'unhealthy'),
    `the heartbeats say of the loop: ${loops}`,
  )
  const after = times.filter((time) => time > backAt).slice(0, 1)
  assert.ok(during.length >= Math.floor(BLOCK_MS / (INTERVAL_MS + JITTER_MS)) - 1)
  const seen = [...before, ...during, ...after]
  const gaps = seen.slice(1).map((time, i) => time - (seen[i] ?? 0))
  const longest = Math.max(...gaps)
  t.diagnostic(`${during.length} heartbeats while blocked, the longest gap ${longest} ms`)
  assert.ok(longest <= INTERVAL_MS + JITTER_MS + DELIVERY_MS, `gaps ${gaps}`)
})
