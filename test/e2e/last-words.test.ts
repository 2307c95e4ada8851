// The last words of programs that come to harm, from outside: what is in the files, and that each ends with its own code.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { runChild } from './support/child.js'
import { transports } from './transports.js'

interface Words {
  readonly kind: string
  readonly culprit: string
  readonly exitCode?: number
  readonly stack?: string
  readonly liveness: unknown
  readonly readiness: unknown
  readonly breadcrumbs: readonly { threadId: number; text: string }[]
  readonly components: readonly { component: string; metadata?: Record<string, string> }[]
  readonly transitions: readonly { component: string; from: string; to: string }[]
}

async function run(t: TestContext, transport: string, how: string) {
  const folder = mkdtempSync(join(tmpdir(), 'health-actor-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const log = join(folder, 'termination-log')
  const file = join(folder, 'incident.json')
  const ending = await runChild('../fixtures/evidence-host.js', [transport, how, log, file])
  const read = (path: string): Words | undefined =>
    existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined
  return { ...ending, log, words: read(log), whole: read(file) }
}

function assertTells(words: Words | undefined, kind: string, culprit: RegExp): void {
  assert.equal(words?.kind, kind)
  assert.match(words.culprit, culprit)
  assert.deepEqual(words.liveness, { status: 'healthy' })
  assert.deepEqual(words.readiness, { status: 'ready' })
  const transitions = words.transitions.map(({ component, from, to }) => [component, from, to])
  assert.deepEqual(transitions.slice(-2), [
    ['dakr_transport', 'unspecified', 'degraded'],
    ['collector_manager', 'unspecified', 'healthy'],
  ])
}

for (const transport of transports) {
  describe(`last words over ${transport}`, () => {
    test('of a main thread that is stuck are written meanwhile by another one', async (t) => {
      const { code, said, whole, stderr } = await run(t, transport, 'wedge')
      assert.equal(code, 0, stderr)
      const words: Words = JSON.parse(String(said[0]?.['words']))
      assertTells(
        words,
        'wedge',
        /^loop is unhealthy: no update for \d+\.\d s \(deadline 0\.5 s\)$/,
      )
      assert.deepEqual(words.components[0]?.component, 'loop')
      assertTells(whole, 'wedge', /^loop is unhealthy/)
    })

    test('tell that the manager was given up', async (t) => {
      const { code, words, whole, stderr } = await run(t, transport, 'manager-lost')
      assert.equal(code, 0, stderr)
      for (const each of [words, whole]) assertTells(each, 'manager-lost', /was given up/)
    })

    for (const [how, code, kind, culprit] of [
      ['throw', 1, 'uncaught-exception', /^uncaught exception: TypeError: nobody catches this$/],
      ['throw-odd', 1, 'uncaught-exception', /^uncaught exception$/],
      ['reject', 1, 'uncaught-exception', /^unhandled rejection: Error: nobody catches/],
      ['caught-and-exit', 4, 'uncaught-exception', /^uncaught exception: Error: somebody/],
      ['caught-long-ago-and-exit', 4, 'exit', /^exit with code 4$/],
      ['exit', 3, 'exit', /^exit with code 3$/],
      ['exit-code', 5, 'exit', /^exit with code 5$/],
    ] as const) {
      test(`of a program that ends by ${how} change nothing of its code`, async (t) => {
        const ending = await run(t, transport, how)
        assert.deepEqual([ending.code, ending.signal], [code, null], ending.stderr)
        assertTells(ending.words, kind, culprit)
        assertTells(ending.whole, kind, culprit)
        assert.deepEqual(
          ending.words?.breadcrumbs.map(({ threadId, text }) => [threadId, text]),
          [[0, `about to ${how}`]],
        )
        const metadata = ending.whole?.components[0]?.metadata
        assert.deepEqual(metadata, { attempt: '3' })
        if (how === 'throw') assert.match(ending.whole?.stack ?? '', /evidence-host\.js/)
      })
    }

    for (const [how, code, signal] of [
      ['exit-0', 0, null],
      ['caught', 0, null],
      ['stop', 6, null],
      ['sigterm', null, 'SIGTERM'],
    ] as const) {
      test(`there are none of a program that ends by ${how}`, async (t) => {
        const { words, whole, ...ending } = await run(t, transport, how)
        assert.deepEqual([ending.code, ending.signal], [code, signal], ending.stderr)
        assert.deepEqual([words, whole], [undefined, undefined])
      })
    }
  })
}

test('files that cannot be written change nothing but that it is said', async () => {
  const nowhere = join(tmpdir(), 'health-actor-nowhere', 'file')
  const { code, stderr } = await runChild('../fixtures/evidence-host.js', [
    'node',
    'exit',
    nowhere,
    tmpdir(),
  ])
  assert.equal(code, 3)
  assert.match(stderr, /last words could not be written: path=.*health-actor-nowhere.*ENOENT/)
  assert.match(stderr, /last words could not be written: path=.*EISDIR/)
})
