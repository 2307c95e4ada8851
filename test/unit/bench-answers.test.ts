import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blockings } from '../../bench/blocking.js'
import { checkBodies } from '../../bench/bodies.js'
import { AnswerReader } from '../../bench/http-answer.js'
import { tryFindVersion } from '../../bench/server-process.js'

const SIZED = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
const CHUNKED =
  'HTTP/1.1 503 Service Unavailable\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'

/** What a reader says of each piece that `text` arrives in. */
function readIn(pieces: readonly string[], reader = new AnswerReader()) {
  return pieces.map((piece) => reader.tryTake(Buffer.from(piece)))
}

for (const [name, text, code] of [
  ['of a known length', SIZED, 200],
  ['in chunks', CHUNKED, 503],
] as const) {
  test(`an answer ${name} ends with its last byte, however it is cut`, () => {
    for (let cut = 1; cut < text.length; cut++) {
      const answers = readIn([text.slice(0, cut), text.slice(cut)])
      assert.deepEqual(answers, [undefined, { code, bytes: text.length }], `cut=${cut}`)
    }
  })

  test(`an answer ${name} may arrive byte by byte`, () => {
    const answers = readIn([...text])
    assert.deepEqual(answers.pop(), { code, bytes: text.length })
    assert.ok(answers.every((answer) => answer === undefined))
  })
}

test('a reader is ready for the next answer after each', () => {
  const answers = readIn([SIZED, CHUNKED, SIZED])
  assert.deepEqual(
    answers.map((answer) => answer?.code),
    [200, 503, 200],
  )
})

const answering = (name: string, body: string, ownBody?: string) => ({
  name,
  ownBody,
  body: async () => body,
})

test('servers that answer the same may leave out the newline at the end', async () => {
  const own = answering('own', 'READY', 'READY')
  await checkBodies([
    answering('ours', '{}\n'),
    answering('same', '{}\n'),
    answering('as', '{}'),
    own,
  ])
})

test('a server that answers something else is not measured', async () => {
  const ours = answering('ours', '{}\n')
  await assert.rejects(checkBodies([ours, answering('odd', '{"a":1}\n')]), /odd answers another/)
  await assert.rejects(
    checkBodies([ours, answering('own', 'GONE', 'READY')]),
    /own answers another/,
  )
})

test('a package that is not installed has no version', () => {
  assert.match(tryFindVersion('typescript') ?? '', /^\d+\./)
  assert.equal(tryFindVersion('@health-actor/no-such-package'), undefined)
})

for (const [name, block] of Object.entries(blockings)) {
  test(`the thread has no turn of its loop while ${name} blocks it`, async () => {
    let hasTurned = false
    setImmediate(() => {
      hasTurned = true
    })
    const before = performance.now()
    block(20)
    assert.ok(performance.now() - before >= 20)
    assert.equal(hasTurned, false)
    await new Promise(setImmediate)
    assert.equal(hasTurned, true)
  })
}
