import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLoopbackAddress } from '../../src/probe/listener.js'

for (const address of [
  '127.0.0.1',
  '127.255.255.254',
  '::1',
  '::ffff:127.0.0.1',
  '::FFFF:127.1.2.3',
  '0000:0000:0000:0000:0000:0000:0000:0001',
  '0000:0000:0000:0000:0000:ffff:7f00:0001',
  '0000:0000:0000:0000:0000:ffff:7fff:fffe',
]) {
  test(`${address} is loopback`, () => assert.equal(isLoopbackAddress(address), true))
}

for (const address of [
  '',
  '10.0.0.1',
  '128.0.0.1',
  '1.127.0.0',
  '127.0.0.1.example.org',
  '127.',
  '::2',
  '::',
  'fe80::1',
  '::ffff:10.0.0.1',
  '0000:0000:0000:0000:0000:0000:0000:0000',
  '0000:0000:0000:0000:0000:0000:0000:0011',
  '0001:0000:0000:0000:0000:0000:0000:0001',
  '0000:0000:0000:0000:0000:ffff:0a00:0001',
  '0000:0000:0000:0000:0000:ffff:7e00:0001',
  '0000:0000:0000:0000:ffff:ffff:7f00:0001',
]) {
  test(`${address || 'no address'} is not loopback`, () =>
    assert.equal(isLoopbackAddress(address), false))
}
