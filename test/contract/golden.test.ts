import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { quote } from '../../src/probe/go-json.js'
import { ask } from '../ask.js'
import { goldenStrings, goldenVerdicts, readerOf } from './golden.js'

describe('strings are escaped as Go does', () => {
  for (const { what, text, json } of goldenStrings) {
    test(what, () => assert.equal(quote(text), json))
  }
})

describe('probes are answered with the bytes of the reference', () => {
  for (const golden of goldenVerdicts) {
    test(golden.what, () => {
      assert.deepEqual(ask(readerOf(golden), golden.path), {
        status: golden.status,
        contentType: 'application/json',
        body: golden.body,
      })
    })
  }
})
