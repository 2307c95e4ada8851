import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { HealthManager, type HealthStatus } from '../../src/index.js'

test('a webhook in the thread of its module is told of every transition, gaps included', async (t) => {
  const told: { number?: number; missed?: number }[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    told.push(...JSON.parse(text).transitions)
    response.end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const health = await HealthManager.start({ journalBytes: 4096, observerDrainMs: 60_000 })
  t.after(() => health.stop())
  const url = new URL('fixtures/observers/webhook.js', import.meta.url)
  url.searchParams.set('to', `http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  await health.setTransitionObserver(url, { concurrency: 50 })
  const reporter = health.register('c')
  for (let i = 0; i < 2_000; i++) reporter.update((1 + (i % 3)) as HealthStatus, `${i}`)
  await health.stop()
  let last = 0
  for (const { number, missed } of told) {
    last += missed ?? 1
    if (number !== undefined) assert.equal(number, last)
  }
  assert.equal(last, 2_000)
})
