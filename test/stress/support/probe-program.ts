// A program with a probe server, for tests that look at it from outside.
// Usage: node probe-program.js TRANSPORT OPTIONS_JSON COMPONENTS; prints its address as JSON once it listens. Answers each
// line of its standard input: `rss` with the bytes that it takes, `change` when a report is another one than before, `stop`
// with its end.
import { createInterface } from 'node:readline'
import { HealthManager, HealthServer, type HealthServerOptions } from '../../../src/index.js'

const [transport, options, components] = process.argv.slice(2) as ['uws' | 'node', string, string]
/** Of some hundred, bodies are longer than a kubelet reads; of ten thousand, they have 18 MB. */
const count = Number(components)
const messageCharacters = count > 1_000 ? 1_800 : 200
const sizes = {
  maxComponents: count + 24,
  heapBytes: 16 * 1024 * 1024 + 2 * count * messageCharacters,
}
const health = await HealthManager.start(count > 1_000 ? sizes : {})
health.register('collector_manager').healthy('as ever')
// And a readiness that fails.
for (let i = 0; i < count; i++) {
  health.register(`component-${i}`).healthy('m'.repeat(messageCharacters))
}
await health.flush()
const given = JSON.parse(options) as HealthServerOptions
const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport, ...given })
let changes = 0
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)
say(await server.start())

const orders = createInterface({ input: process.stdin })
for await (const order of orders) {
  if (order === 'rss') say(process.memoryUsage.rss())
  else if (order === 'change') say(change())
  else if (order === 'stop') break
  else throw new Error(`order=${order}: unknown`)
}
await server.stop()
await health.stop()
process.stdin.unref()

function change(): number {
  health.updateStatus('collector_manager', 1, `changed ${++changes} times`)
  return changes
}
