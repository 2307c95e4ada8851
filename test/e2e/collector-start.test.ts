// The sample collector from outside at its start: what it refuses and how it says so, and that it can be stopped.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it } from 'node:test'
import { CollectorProcess, linux, withCollector } from './collector-process.js'
import { withoutFallbackNotice } from './transports.js'

describe('the sample collector, at its start', linux, () => {
  /** Ends by itself; all that it says is one or two lines, without a stack. */
  async function refusal(...args: string[]): Promise<readonly [number | null, string]> {
    const collector = new CollectorProcess(...args)
    const [code] = await collector.exited
    assert.doesNotMatch(collector.stderr, /\n\s+at /)
    return [code, collector.stderr]
  }

  it('ends with 2 and names the value for bad options', async () => {
    assert.deepEqual(await refusal('--rate', 'fast'), [
      2,
      'collector: --rate value="fast": must be an integer from 1 to 20000\ntry: npm start -- --help\n',
    ])
  })

  it('ends with 1 and names what is missing where no procfs is mounted', async () => {
    const [code, said] = await refusal('--procfs', '/nowhere')
    assert.equal(code, 1)
    assert.match(said, /^collector: .*\/nowhere\/stat is missing/)
  })

  it('ends with 1 and names the file that it can not write', async () => {
    const [code, said] = await refusal('--port', '0', '--out', '/nowhere/out.ndjson')
    assert.equal(code, 1)
    assert.match(said, /^collector: .*\/nowhere\/out\.ndjson/)
  })

  it('ends with 1 and names the port that is taken', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    try {
      const { port } = taken.address() as { port: number }
      const [code, said] = await refusal('--port', String(port), '--out', '/dev/null')
      assert.equal(code, 1)
      assert.match(withoutFallbackNotice(said), new RegExp(`^collector: .*${port}`, 'm'))
    } finally {
      taken.close()
    }
  })

  it('prints its options on request', async () => {
    const collector = new CollectorProcess('--help')
    assert.deepEqual(await collector.exited, [0, null])
    assert.match(collector.stdout, /--fault F\[@AT\]/)
  })

  it('ends on a signal at once, while its collectors are still starting', () =>
    withCollector(['--collectors', '64'], async (collector) => {
      await collector.said(/samples +\S/)
      assert.equal(await collector.stop(), 0, collector.output)
      assert.match(collector.output, /stopping: SIGTERM/)
      assert.doesNotMatch(collector.output, /collecting with|failed to start/)
    }))
})
