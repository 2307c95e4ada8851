import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { test } from 'node:test'
import {
  type EvidenceOptions,
  resolveEvidence,
  TERMINATION_LOG,
} from '../../src/evidence/evidence-settings.js'

test('without options, last words go where the kubelet looks, if that is there', () => {
  const settings = resolveEvidence({})
  assert.equal(settings?.terminationLog, existsSync(TERMINATION_LOG) ? TERMINATION_LOG : undefined)
})

test('without a file there is nothing to watch for', () => {
  assert.equal(resolveEvidence({ terminationLog: false }), undefined)
})

test('paths are those of the moment, and names are copied', () => {
  const wedgeComponents = ['a']
  const options = { terminationLog: 'log', incidentFile: 'incident.json', wedgeComponents }
  const settings = resolveEvidence(options)
  wedgeComponents.push('b')
  assert.deepEqual(settings, {
    terminationLog: resolve('log'),
    incidentFile: resolve('incident.json'),
    wedgeComponents: ['a'],
  })
})

for (const [options, message] of [
  [{ terminationLog: '' }, /^terminationLog="": must be the path of a file/],
  [{ terminationLog: true }, /^terminationLog=true: /],
  [{ incidentFile: 5 }, /^incidentFile=5: /],
  [{ incidentFile: 'a\0' }, /^incidentFile=/],
  [{ incidentFile: 'a', wedgeComponents: 'b' }, /^wedgeComponents="b": must be an array of names/],
  [{ incidentFile: 'a', wedgeComponents: [''] }, /^wedgeComponents\[\]="": must not be empty/],
] as const) {
  test(`the error names the option and its value: ${message}`, () => {
    assert.throws(() => resolveEvidence(options as unknown as EvidenceOptions), {
      code: 'ERR_HEALTH_ARGUMENT',
      message,
    })
  })
}
