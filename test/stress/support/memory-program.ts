// Program of the memory test, run with --expose-gc in a process of its own: how much resident memory 10,000 components
// take, all of the runtime's threads included. Says it as JSON.
import { HealthManager } from '../../../src/index.js'

const COMPONENTS = 10_000
const collect = globalThis.gc
if (collect === undefined) throw new Error('run with --expose-gc')

function residentBytes(): number {
  collect!()
  collect!()
  return process.memoryUsage.rss()
}

const health = await HealthManager.start({ maxComponents: COMPONENTS })
// What the program loads and the engine compiles for the first components is not what 10,000 of them cost: these rounds
// use the same few slots again and again.
for (let round = 0; round < 300; round++) {
  for (let i = 0; i < 50; i++) {
    health.register(`warm-up-${i}`).healthy(`round ${round}`.padEnd(40, '.'), { a: 'b', c: `${i}` })
  }
  health.buildReport()
  for (let i = 0; i < 50; i++) health.deregister(`warm-up-${i}`)
}
await health.flush()
const before = residentBytes()
for (let i = 0; i < COMPONENTS; i++) {
  const number = `${i}`.padStart(5, '0')
  const message = `component ${number}: all is well, collecting`
  health.register(`component-${number}`).healthy(message, { shard: number, zone: `zone-${i % 7}` })
}
await health.flush()
const report = health.buildReport()
const after = residentBytes()
const last = report.get('component-09999')
process.stdout.write(
  `${JSON.stringify({
    grownBytes: after - before,
    components: report.size,
    messageLength: last?.message.length,
    metadata: last?.metadata,
  })}\n`,
)
await health.stop()
