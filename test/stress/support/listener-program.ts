// A bare listener, for tests that look at it from outside: answers `/large` and `/middle` with much, all else with a little,
// and where a number of ms follows, as in `/large?3`, that much later. Any other query is part of the path: a client that is
// cut off in its line and goes on with another asks for anything.
// Usage: node listener-program.js TRANSPORT LIMITS_JSON; prints its port. Ends with its standard input.
import { chooseListener, type Transport } from '../../../src/probe/choose-listener.js'
import type { ListenerLimits, ProbeAnswer, ProbeHandler } from '../../../src/probe/listener.js'

const [transport, given] = process.argv.slice(2) as [Transport, string]
const limits = JSON.parse(given) as ListenerLimits
const answer = (bytes: number): ProbeAnswer => ({
  status: 200,
  contentType: 'text/plain',
  body: Buffer.alloc(bytes, 'x'),
})
const answers = { '/large': answer(3_000_000), '/middle': answer(20_000) }
const small = answer(20)

const handler: ProbeHandler = ({ target }) => {
  const [, path = target, delayMs] = /^([^?]*)\?(\d{1,4})$/.exec(target) ?? []
  const found = answers[path as keyof typeof answers] ?? small
  if (delayMs === undefined) return found
  return new Promise((resolve) => setTimeout(() => resolve(found), Number(delayMs)))
}

const { listener } = await chooseListener(transport, handler, { limits, tls: undefined })
const { port } = await listener.start('127.0.0.1', 0)
process.stdout.write(`${port}\n`)
process.stdin.resume().once('end', () => listener.stop())
