import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { readCgroupMemory } from '../../src/watch/cgroup.js'
import { CgroupFixture, legacy, unified } from '../memory-fixture.js'

function read(t: TestContext, files: Readonly<Record<string, string>>, membership = '') {
  return readCgroupMemory(new CgroupFixture(t, files).root, membership)
}

/** The files of a directory below the root. */
function below(directory: string, files: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(files).map(([name, text]) => [join(directory, name), text]),
  )
}

const READING = { usageBytes: 900n, limitBytes: 1000n, pressure: {} }

test('version 2 is read where there is a list of controllers', (t) => {
  assert.deepEqual(read(t, unified('900', '1000')), READING)
})

test('version 1 is read where there is none', (t) => {
  assert.deepEqual(read(t, legacy('900', '1000')), READING)
})

test('numbers are exact up to the last of 64 bits', (t) => {
  const reading = read(t, unified('9007199254740993', '18446744073709551615'))
  assert.equal(reading.usageBytes, 9007199254740993n)
  assert.equal(reading.limitBytes, 18446744073709551615n)
})

test("version 2 has no limit where it says 'max'", (t) => {
  assert.equal(read(t, unified('900', 'max')).limitBytes, undefined)
})

test('version 1 has no limit from 2^62 on', (t) => {
  const limitOf = (limit: bigint) => read(t, legacy('900', `${limit}`)).limitBytes
  assert.equal(limitOf(2n ** 62n - 1n), 2n ** 62n - 1n)
  assert.equal(limitOf(2n ** 62n), undefined)
  assert.equal(limitOf(9223372036854771712n), undefined)
})

test('a limit of 2^62 is one in version 2', (t) => {
  assert.equal(read(t, unified('900', `${2n ** 62n}`)).limitBytes, 2n ** 62n)
})

test('a limit of 0 is read as it is', (t) => {
  assert.equal(read(t, unified('900', '0')).limitBytes, 0n)
})

test('space around a number does not count', (t) => {
  assert.deepEqual(read(t, unified(' 900\t', '\n1000 ')), READING)
})

const MALFORMED = ['', 'abc', '-1', '+1', '1.5', '1e3', '0x10', '1_000', '18446744073709551616']
for (const text of MALFORMED) {
  test(`what is not an unsigned 64-bit number is an error that names its file: '${text}'`, (t) => {
    const message = (file: string) =>
      new RegExp(`/${file}: ${JSON.stringify(text).replace('+', '\\+')} is not an unsigned 64-bit`)
    assert.throws(() => read(t, unified(text, '1000')), { message: message('memory\\.current') })
    assert.throws(() => read(t, unified('900', text)), { message: message('memory\\.max') })
    assert.throws(() => read(t, legacy(text, '1000')), {
      message: message('memory\\.usage_in_bytes'),
    })
    assert.throws(() => read(t, legacy('900', text)), {
      message: message('memory\\.limit_in_bytes'),
    })
  })
}

test("'max' is no limit of version 1", (t) => {
  assert.throws(() => read(t, legacy('900', 'max')), {
    message: /memory\.limit_in_bytes: "max" is not/,
  })
})

test('a missing file is an error that names it', (t) => {
  const { 'memory.max': _, ...files } = unified('900', '1000')
  assert.throws(() => read(t, files), { message: /ENOENT.*memory\.max/ })
  assert.throws(() => read(t, {}), { message: /ENOENT.*memory\/memory\.usage_in_bytes/ })
})

test('where nothing is mounted the error says so, and on what platform', (t) => {
  const { root } = new CgroupFixture(t, {})
  rmSync(root, { recursive: true })
  assert.throws(() => readCgroupMemory(root, ''), {
    message: `${root}: no cgroup file system, on ${process.platform}`,
  })
})

test('version 2 is read in the directory of the process', (t) => {
  const files = { ...unified('1', '2'), ...below('pod/a', unified('900', '1000')) }
  assert.deepEqual(read(t, files, '4:memory:/elsewhere\n0::/pod/a\n'), READING)
})

test('version 1 is read in the directory of the process', (t) => {
  const own = {
    'memory/pod/a/memory.usage_in_bytes': '900',
    'memory/pod/a/memory.limit_in_bytes': '1000',
  }
  for (const controllers of ['memory', 'cpu,memory', 'memory,hugetlb']) {
    const membership = `5:cpuset:/b\n4:${controllers}:/pod/a\n0::/c\n`
    assert.deepEqual(read(t, { ...legacy('1', '2'), ...own }, membership), READING)
  }
})

test('a controller whose name begins with memory is another one', (t) => {
  const own = { 'memory/a/memory.usage_in_bytes': '1', 'memory/a/memory.limit_in_bytes': '2' }
  assert.deepEqual(
    read(t, { ...legacy('900', '1000'), ...own }, '4:name=memory,memoryx:/a\n'),
    READING,
  )
})

test('of two lines that match the last one counts', (t) => {
  const files = { ...below('a', unified('1', '2')), ...unified('1', '2') }
  const withBoth = { ...files, ...below('b', unified('900', '1000')) }
  assert.deepEqual(read(t, withBoth, '0::/a\n0::/b\n'), READING)
  assert.deepEqual(read(t, { ...files, ...unified('900', '1000') }, '0::/a\n0::/\n'), READING)
})

test('a path may have colons', (t) => {
  const files = { ...unified('1', '2'), ...below('a:b:c', unified('900', '1000')) }
  assert.deepEqual(read(t, files, '0::/a:b:c\n'), READING)
})

for (const membership of ['', '0::/', '0::', '0::/not/mounted/here', 'nonsense', '0:cpu:/a']) {
  test(`the root is read where the directory is none, or not there: '${membership}'`, (t) => {
    const files = { ...unified('900', '1000'), ...below('a', unified('1', '2')) }
    assert.deepEqual(read(t, files, membership), READING)
  })
}

test('a directory that exists but has no such file is an error', (t) => {
  const files = { ...unified('900', '1000'), 'pod/cgroup.procs': '1' }
  assert.throws(() => read(t, files, '0::/pod\n'), { message: /ENOENT.*pod\/memory\.current/ })
})

const PRESSURE = `some avg10=1.50 avg60=0.25 avg300=0.00 total=123
full avg10=12.00 avg60=100.00 avg300=0.10 total=45
`

test('pressure is read beside usage, as the kernel writes it', (t) => {
  const reading = read(
    t,
    {
      ...below('pod', unified('900', '1000')),
      ...unified('1', '2'),
      'pod/memory.pressure': PRESSURE,
    },
    '0::/pod\n',
  )
  assert.deepEqual(reading, {
    ...READING,
    pressure: {
      psi_some_avg10: '1.50',
      psi_some_avg60: '0.25',
      psi_full_avg10: '12.00',
      psi_full_avg60: '100.00',
    },
  })
})

test('pressure that is told in part is given in part', (t) => {
  const text = PRESSURE.split('\n')[0]!
  const { pressure } = read(t, { ...unified('900', '1000'), 'memory.pressure': text })
  assert.deepEqual(pressure, { psi_some_avg10: '1.50', psi_some_avg60: '0.25' })
})

test('pressure that is malformed or a directory costs nothing of the reading', (t) => {
  for (const extra of [
    { 'memory.pressure': '' },
    { 'memory.pressure': 'some avg10=x avg60=y avg300=z total=1\n' },
    { 'memory.pressure/file': '' },
  ]) {
    assert.deepEqual(read(t, { ...unified('900', '1000'), ...extra }), READING)
  }
})
