// Deadlines as a kubelet sees them: a verdict that turns with everything dead that could have reported it, and one that does not
// turn for a process that was stopped and goes on.
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface, type Interface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { transports } from './transports.js'

const HOST = fileURLToPath(new URL('./fixtures/deadline-host.js', import.meta.url))
/** Several deadlines of the program long. */
const STOP_MS = 4_000
const AFTER_MS = 2_000

class Program {
  readonly child: ChildProcess
  readonly #lines: Interface

  /** It does not outlive the test. */
  constructor(t: TestContext, scene: string, transport: string) {
    this.child = spawn(process.execPath, [HOST, scene, transport], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    t.after(() => this.child.kill('SIGKILL'))
    this.#lines = createInterface(this.child.stdout!)
  }

  async nextLine(): Promise<Record<string, number>> {
    const [line] = await once(this.#lines, 'line')
    return JSON.parse(line)
  }
}

async function probe(port: number) {
  const response = await fetch(`http://127.0.0.1:${port}/livez`)
  return { code: response.status, body: await response.text() }
}

for (const transport of transports) {
  test(`a probe is told of a deadline with writer and manager dead and main blocked (${transport})`, async (t) => {
    const program = new Program(t, 'dead', transport)
    const { port } = await program.nextLine()
    let answer = await probe(port!)
    while (answer.code === 200) {
      assert.match(answer.body, /"writer":{"status":"healthy","message":"collecting"/)
      answer = await probe(port!)
    }
    assert.equal(answer.code, 503)
    const { status, error, components } = JSON.parse(answer.body)
    assert.equal(status, 'unhealthy')
    assert.match(error, /^writer is unhealthy: no update for \d+\.\d s \(deadline 1 s\)$/)
    const { message, ...writer } = components.writer
    assert.deepEqual(writer, { status: 'unhealthy', metadata: { active: '55' } })
    assert.equal(error, `writer is unhealthy: ${message}`)
  })

  test(`a process that was stopped for several deadlines has missed none (${transport})`, async (t) => {
    const program = new Program(t, 'suspended', transport)
    const { port } = await program.nextLine()
    const answers: { code: number; body: string }[] = []
    let isOver = false
    // Some of them wait while the process is stopped, and are the first that it sees.
    const probing = [0, 1, 2, 3].map(async () => {
      while (!isOver) {
        answers.push(await probe(port!))
        await delay(5)
      }
    })
    await delay(200)
    program.child.kill('SIGSTOP')
    await delay(STOP_MS)
    const before = answers.length
    program.child.kill('SIGCONT')
    await delay(AFTER_MS)
    isOver = true
    await Promise.all(probing)
    assert.ok(answers.length > before + 10, `answers=${before} and then ${answers.length}`)
    for (const { code, body } of answers) assert.equal(code, 200, body)
    program.child.stdin!.end()
    // Each component has turned healthy, and that is all.
    assert.deepEqual(await program.nextLine(), { transitions: 2 })
  })
}
