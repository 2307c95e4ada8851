// A program with a probe server, for tests that look at it from outside.
// Usage: node probe-program.js TRANSPORT OPTIONS_JSON; prints its address as JSON once it listens. Answers each line of
// its standard input: `rss` with the bytes that it takes, `stop` with its end.
import { createInterface } from 'node:readline'
import { HealthManager, HealthServer, type HealthServerOptions } from '../../../src/index.js'

const [transport, options] = process.argv.slice(2) as ['uws' | 'node', string]
const health = await HealthManager.start()
health.register('collector_manager').healthy('as ever')
// Bodies longer than a kubelet reads, and a readiness that fails.
for (let i = 0; i < 100; i++) health.register(`component-${i}`).healthy('m'.repeat(200))
await health.flush()
const given = JSON.parse(options) as HealthServerOptions
const server = new HealthServer(health, { host: '127.0.0.1', port: 0, transport, ...given })
const say = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)
say(await server.start())

const orders = createInterface({ input: process.stdin })
for await (const order of orders) {
  if (order === 'rss') say(process.memoryUsage.rss())
  else if (order === 'stop') break
  else throw new Error(`order=${order}: unknown`)
}
await server.stop()
await health.stop()
process.stdin.unref()
