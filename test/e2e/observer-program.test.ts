// How a program with observers lives and ends, seen from outside of its process.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runChild } from './support/child.js'

/** Runs a scenario that must end by itself with this code; gives back what it said, all lines merged. */
async function runScenario(scenario: string, expected = 0): Promise<Record<string, unknown>> {
  const { code, signal, said, stderr } = await runChild('./observer-program.js', [scenario])
  assert.deepEqual({ code, signal, stderr }, { code: expected, signal: null, stderr: '' })
  return Object.assign({}, ...said)
}

test('a program with a function for an observer, that never calls stop, can end; Piscina is not loaded', async () => {
  assert.deepEqual(await runScenario('function, never stopped'), {
    told: ['one'],
    isPiscinaLoaded: false,
  })
})

test('a program with a module for an observer, that never calls stop, can end', async () => {
  assert.deepEqual(await runScenario('module, never stopped'), { isPiscinaLoaded: true })
})

test('after the stop nothing of a queue worker is left', async () => {
  const { resources } = await runScenario('module, stopped')
  const left = (resources as string[]).filter(
    (resource) => !/TTYWrap|PipeWrap|FSReq/.test(resource),
  )
  assert.deepEqual(left, [])
})

test('a program that exits while a module hangs keeps its exit code', async () => {
  await runScenario('exit while a module hangs', 7)
})

test('process.exit in a module ends its thread, and not the program', async () => {
  const { stopped, error } = await runScenario('a module that exits')
  assert.equal(stopped, true)
  assert.match(String(error), /given up: number=1 attempts=2 exitCode=3/)
})
