import assert from 'node:assert/strict'
import { test } from 'node:test'
import { layoutFor } from '../../src/memory/layout.js'
import { type HealthManagerOptions, resolveOptions } from '../../src/runtime/options.js'

test('without options every default is as documented', () => {
  assert.deepEqual(resolveOptions(), {
    policy: {
      liveness: ['collector_manager'],
      readiness: ['collector_manager', 'dakr_transport'],
      unregistered: 'fail',
    },
    maxComponents: 10_000,
    maxThreads: 128,
    mailboxBytes: 256 * 1024,
    journalBytes: 256 * 1024,
    maxPayloadBytes: 64 * 1024,
    heapBytes: 16 * 1024 * 1024 + 10_000 * 512,
    publishTimeoutMs: 2_000,
    readTimeoutMs: 100,
    observerDrainMs: 5_000,
    maxSuppressionMs: 600_000,
    restarts: { max: 5, withinMs: 10_000 },
    memoryPressure: undefined,
    workerBaseUrl: undefined,
  })
})

test('options that are undefined count as not given, and null is no policy', () => {
  const options = { maxComponents: undefined, policy: undefined, restarts: { max: undefined } }
  for (const name of ['policy', 'restarts']) {
    const given = { [name]: null } as HealthManagerOptions
    assert.throws(() => resolveOptions(given), { message: new RegExp(`^${name}=null: `) })
  }
  assert.deepEqual(resolveOptions(options as unknown as HealthManagerOptions), resolveOptions())
})

test('null is no default of a number, a list or a choice', () => {
  const names = ['maxComponents', 'heapBytes', 'readTimeoutMs', 'workerBaseUrl']
  for (const name of names) {
    const given = { [name]: null } as HealthManagerOptions
    assert.throws(() => resolveOptions(given), { message: new RegExp(`^${name}=null: `) })
  }
  const nested = {
    restarts: ['max', 'withinMs'],
    policy: ['liveness', 'readiness', 'unregistered'],
  }
  for (const [option, parts] of Object.entries(nested)) {
    for (const part of parts) {
      const given = { [option]: { [part]: null } } as HealthManagerOptions
      assert.throws(() => resolveOptions(given), {
        message: new RegExp(`^${option}.${part}=null: `),
      })
    }
  }
})

test('a component that a policy names twice counts once, where it stands first', () => {
  const names = ['b', 'a', 'b', 'c', 'a']
  const { policy } = resolveOptions({ policy: { liveness: names, readiness: names } })
  assert.deepEqual(policy.liveness, ['b', 'a', 'c'])
  assert.deepEqual(policy.readiness, ['b', 'a', 'c'])
})

test('sizes of rings are rounded up to powers of two', () => {
  const settings = resolveOptions({ mailboxBytes: 300_000, journalBytes: 5_000 })
  assert.deepEqual([settings.mailboxBytes, settings.journalBytes], [524_288, 8_192])
  const exact = resolveOptions({ mailboxBytes: 524_288, journalBytes: 8_192 })
  assert.deepEqual([exact.mailboxBytes, exact.journalBytes], [524_288, 8_192])
})

test('memory pressure is watched where it is asked for, as documented or as given', () => {
  const standard = {
    thresholdPercent: 85,
    intervalMs: 30_000,
    reaffirmMs: 600_000,
    root: '/sys/fs/cgroup',
    version: undefined,
  }
  const watchOf = (memoryPressure: HealthManagerOptions['memoryPressure']) =>
    resolveOptions({ memoryPressure: memoryPressure! }).memoryPressure
  assert.deepEqual(watchOf(true), standard)
  assert.deepEqual(watchOf({}), standard)
  assert.deepEqual(watchOf(false), undefined)
  assert.deepEqual(watchOf(undefined), undefined)
  const given = {
    thresholdPercent: 0.5,
    intervalMs: 1,
    reaffirmMs: 0,
    root: '/cgroup',
    version: 'v1',
  }
  assert.deepEqual(watchOf(given), given)
})

test('large payloads make mailbox and heap large enough by themselves', () => {
  const { mailboxBytes, heapBytes } = resolveOptions({ maxPayloadBytes: 1024 * 1024 })
  assert.ok(mailboxBytes >= 2 * 1024 * 1024 + 4096)
  assert.ok(heapBytes >= 8 * 1024 * 1024)
})

test('a mailbox holds a record of the longest message and metadata, whatever the payload limit', () => {
  for (const maxPayloadBytes of [64, 65, 1000, 64 * 1024, 1024 * 1024]) {
    const { mailboxWords } = layoutFor(resolveOptions({ maxPayloadBytes }))
    assert.ok(mailboxWords * 4 > 2 * (maxPayloadBytes + 3) + 40)
  }
})

const refused: [options: unknown, message: RegExp][] = [
  [null, /^options=null: must be an object/],
  ['fast', /^options="fast": must be an object/],
  [{ maxComponents: 0 }, /^maxComponents=0: must be an integer from 1 to 1000000/],
  [{ maxComponents: 1.5 }, /^maxComponents=1.5: /],
  [{ maxThreads: 1 }, /^maxThreads=1: must be an integer from 2 to 1024/],
  [{ maxThreads: 1025 }, /^maxThreads=1025: /],
  [{ mailboxBytes: 100 }, /^mailboxBytes=100: must be an integer from 135168 to /],
  [
    { maxPayloadBytes: 1024, mailboxBytes: 6143 },
    /^mailboxBytes=6143: must be an integer from 6144 /,
  ],
  [{ journalBytes: 4095 }, /^journalBytes=4095: /],
  [{ maxPayloadBytes: 63 }, /^maxPayloadBytes=63: must be an integer from 64 to 1048576/],
  [{ maxPayloadBytes: 2 ** 21 }, /^maxPayloadBytes=2097152: /],
  [{ heapBytes: 1 }, /^heapBytes=1: must be an integer from /],
  [{ publishTimeoutMs: -1 }, /^publishTimeoutMs=-1: /],
  [{ publishTimeoutMs: Infinity }, /^publishTimeoutMs=Infinity: /],
  [{ readTimeoutMs: '5' }, /^readTimeoutMs="5": /],
  [{ maxSuppressionMs: 0 }, /^maxSuppressionMs=0: must be an integer from 1 to 2147483647/],
  [{ maxSuppressionMs: Number.NaN }, /^maxSuppressionMs=NaN: /],
  [{ restarts: { max: -1 } }, /^restarts.max=-1: /],
  [{ restarts: { withinMs: 0 } }, /^restarts.withinMs=0: /],
  [{ restarts: 5 }, /^restarts=5: must be an object/],
  [{ memoryPressure: null }, /^memoryPressure=null: must be an object/],
  [{ memoryPressure: { treshold: 1 } }, /^memoryPressure="treshold": must be one of /],
  ...[0, -1, 100.1, Number.NaN, '85'].map((thresholdPercent): [unknown, RegExp] => [
    { memoryPressure: { thresholdPercent } },
    /^memoryPressure\.thresholdPercent=.*: must be a number above 0, at most 100$/,
  ]),
  [
    { memoryPressure: { intervalMs: 0 } },
    /^memoryPressure\.intervalMs=0: must be an integer from 1 to 2147483647/,
  ],
  [{ memoryPressure: { reaffirmMs: 2 ** 31 } }, /^memoryPressure\.reaffirmMs=2147483648: /],
  [{ memoryPressure: { root: '' } }, /^memoryPressure\.root="": must be a path/],
  [{ memoryPressure: { version: 1 } }, /^memoryPressure\.version=1: must be a string/],
  [{ policy: 'strict' }, /^policy="strict": must be an object/],
  [{ mailboxBytes: 2 ** 28 }, /^regionBytes=34\d{9}: .*maxThreads=128 mailboxBytes=268435456/],
  [{ mailboxBytes: 2 ** 28, maxThreads: 1024 }, /^regionBytes=27\d{10}: /],
  [{ policy: { liveness: 'x' } }, /^policy.liveness="x": must be an array of names/],
  [{ policy: { readiness: ['a', ''] } }, /^policy.readiness\[\]="": must not be empty/],
  [
    { policy: { unregistered: 'ignore' } },
    /^policy.unregistered="ignore": must be 'fail' or 'skip'/,
  ],
]
for (const [options, message] of refused) {
  test(`the error names the option and its value: ${String(message)}`, () => {
    assert.throws(() => resolveOptions(options as HealthManagerOptions), {
      code: 'ERR_HEALTH_ARGUMENT',
      message,
    })
  })
}

for (const [workerBaseUrl, shown] of [
  ['https://x/', '"https://x/"'],
  [new URL('data:text/javascript,'), '"data:text/javascript,"'],
  ['file://another-host/workers/', '"file://another-host/workers/"'],
  ['workers/', '"workers/"'],
  [5, '5'],
  [Object.create(URL.prototype), 'an object'],
] as const) {
  test(`a base of the worker entries that no thread can be started from is refused: ${shown}`, () => {
    assert.throws(() => resolveOptions({ workerBaseUrl } as HealthManagerOptions), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: `workerBaseUrl=${shown}: must be a 'file:' URL of this machine, or a string that is one`,
    })
  })
}

test('a base of the worker entries is a URL or a string, and copied', () => {
  const url = new URL('file:///opt/app/workers/')
  const settings = resolveOptions({ workerBaseUrl: url })
  url.protocol = 'https:'
  url.pathname = '/elsewhere/'
  assert.equal(`${settings.workerBaseUrl}`, 'file:///opt/app/workers/')
  assert.equal(resolveOptions({ workerBaseUrl: 'file:///w/' }).workerBaseUrl, 'file:///w/')
})

test('limits themselves are allowed', () => {
  resolveOptions({ maxComponents: 1, maxThreads: 2, maxPayloadBytes: 64, journalBytes: 4096 })
  resolveOptions({ maxComponents: 1_000_000, maxThreads: 1024 })
  resolveOptions({ maxSuppressionMs: Number.POSITIVE_INFINITY })
  resolveOptions({ publishTimeoutMs: 0, readTimeoutMs: 0, restarts: { max: 0, withinMs: 1 } })
})

test('a policy is copied, so that changing the arrays later changes nothing', () => {
  const liveness = ['a']
  const { policy } = resolveOptions({ policy: { liveness, readiness: [], unregistered: 'skip' } })
  liveness.push('b')
  assert.deepEqual(policy, { liveness: ['a'], readiness: [], unregistered: 'skip' })
})

test('an option that throws when it is read is refused, wherever it is', () => {
  const cause = new Error('mine')
  const broken = (name: string): object =>
    Object.defineProperty({}, name, {
      enumerable: true,
      get: () => {
        throw cause
      },
    })
  const list = new Proxy(['x'], {
    get: () => {
      throw cause
    },
  })
  for (const [options, argument] of [
    [broken('maxThreads'), 'options'],
    [{ restarts: broken('max') }, 'restarts'],
    [{ policy: broken('liveness') }, 'policy'],
    [{ policy: { readiness: list } }, 'policy.readiness'],
  ] as const) {
    assert.throws(() => resolveOptions(options as HealthManagerOptions), {
      code: 'ERR_HEALTH_ARGUMENT',
      message: new RegExp(`^${argument}=.*: could not be read$`),
      cause,
    })
  }
})
