import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExitGate } from '../../src/probe/exit-gate.js'

function createGates() {
  const host = new ExitGate()
  return { host, actor: new ExitGate(host.buffer) }
}

test('a new gate is not open', () => {
  assert.equal(createGates().host.isOpen, false)
})

test('a host that closes waits for an actor that has opened', () => {
  const { host, actor } = createGates()
  assert.equal(actor.tryOpen(), true)
  host.requestClose()
  assert.equal(host.isOpen, true)
})

test('an actor does not open once the host is closing', () => {
  const { host, actor } = createGates()
  host.requestClose()
  assert.equal(actor.tryOpen(), false)
  assert.equal(host.isOpen, false)
})

test('an actor sees that the host is closing, also after it has opened', () => {
  const { host, actor } = createGates()
  actor.tryOpen()
  assert.equal(actor.isClosing, false)
  host.requestClose()
  assert.equal(actor.isClosing, true)
})

test('an exit is told from a close, and is not taken back by one', () => {
  const { host, actor } = createGates()
  host.requestClose()
  assert.equal(actor.isExiting, false)
  host.requestExit()
  host.requestClose()
  assert.equal(actor.isExiting, true)
  assert.equal(actor.isClosing, true)
  assert.equal(actor.tryOpen(), false)
})

for (const hostRunsBefore of [0, 1, 2]) {
  test(`a host that closes before operation ${hostRunsBefore} of the actor is seen, or sees`, (t) => {
    const { host, actor } = createGates()
    let operations = 0
    let hostSawOpen: boolean | undefined
    const beforeOperation = () => {
      if (operations++ !== hostRunsBefore) return
      host.requestClose()
      hostSawOpen = host.isOpen
    }
    for (const operation of ['store', 'load'] as const) {
      const original = Atomics[operation] as (...args: unknown[]) => number
      t.mock.method(Atomics, operation, (...args: unknown[]) => {
        beforeOperation()
        return original(...args)
      })
    }
    const hasOpened = actor.tryOpen()
    beforeOperation()
    assert.ok(!hasOpened || hostSawOpen)
  })
}

test('waiting ends when the actor has closed', () => {
  const { host, actor } = createGates()
  actor.tryOpen()
  actor.markClosed()
  assert.equal(host.waitClosed(0), true)
})

test('waiting for an actor that does not close is bounded', () => {
  const { host, actor } = createGates()
  actor.tryOpen()
  assert.equal(host.waitClosed(20), false)
})
