// The command line of the sample collector: what it takes, and what it says to what it does not take.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { tryParseDurationMs } from '../../examples/collector/duration.js'
import { OptionError, parseOptions } from '../../examples/collector/options.js'
import { findMissing } from '../../examples/collector/platform.js'

describe('parseOptions', () => {
  it('has a default for everything', () => {
    assert.deepEqual(parseOptions([]), {
      help: false,
      seconds: undefined,
      port: 8081,
      host: '127.0.0.1',
      grpcPort: undefined,
      rate: 1000,
      collectors: 4,
      queue: 2048,
      out: undefined,
      rotateMib: 64,
      procfs: '/proc',
      wedgedMs: 10_000,
      deadlineMs: 5_000,
      stallMs: 2_000,
      kubeconfig: undefined,
      incident: undefined,
      faults: [],
    })
  })

  it('reads every option', () => {
    const line =
      '--seconds 2.5 --port 0 --host ::1 --grpc-port 9090 --rate 50 --collectors 64 --queue 16 --out - --rotate-mib 0 --procfs /host/proc --wedged 1.5s --deadline 2s --stall 300ms --kubeconfig kube.json --incident words.json'
    assert.deepEqual(parseOptions(line.split(' ')), {
      help: false,
      seconds: 2.5,
      port: 0,
      host: '::1',
      grpcPort: 9090,
      rate: 50,
      collectors: 64,
      queue: 16,
      out: '-',
      rotateMib: 0,
      procfs: '/host/proc',
      wedgedMs: 1_500,
      deadlineMs: 2_000,
      stallMs: 300,
      kubeconfig: 'kube.json',
      incident: 'words.json',
      faults: [],
    })
  })

  it('reads several faults, each at its time', () => {
    const { faults } = parseOptions([
      '--fault',
      'block-main=5s',
      '--fault',
      'stall-sink=1.5s@250ms',
      '--fault=kill-collector@1m',
      '--fault=kill-manager@0s',
      '--fault=regex=1s',
      '--fault=wait=1s',
      '--fault=crypto=1s',
      '--fault=hang-collector=1s',
      '--fault=fill-memory=10s',
    ])
    assert.deepEqual(faults, [
      { kind: 'block-main', forMs: 5000, atMs: 2000 },
      { kind: 'stall-sink', forMs: 1500, atMs: 250 },
      { kind: 'kill-collector', atMs: 60000 },
      { kind: 'kill-manager', atMs: 0 },
      { kind: 'regex', forMs: 1000, atMs: 2000 },
      { kind: 'wait', forMs: 1000, atMs: 2000 },
      { kind: 'crypto', forMs: 1000, atMs: 2000 },
      { kind: 'hang-collector', forMs: 1000, atMs: 2000 },
      { kind: 'fill-memory', forMs: 10000, atMs: 2000 },
    ])
  })

  const refused: readonly (readonly [string, string])[] = [
    ['--rate abc', '--rate value="abc": must be an integer from 1 to 20000'],
    ['--rate 0', '--rate value="0": must be an integer from 1 to 20000'],
    ['--rate 1e3', '--rate value="1e3": must be an integer from 1 to 20000'],
    ['--port 65536', '--port value="65536": must be an integer from 0 to 65535'],
    ['--port=-1', '--port value="-1": must be an integer from 0 to 65535'],
    ['--collectors 65', '--collectors value="65": must be an integer from 1 to 64'],
    ['--queue 1', '--queue value="1": must be an integer from 16 to 65536'],
    ['--seconds 0', '--seconds value="0": must be a number of seconds above 0 and at most 2000000'],
    [
      '--seconds NaN',
      '--seconds value="NaN": must be a number of seconds above 0 and at most 2000000',
    ],
    ['--wedged 99ms', '--wedged value="99ms": must be like 5s or 500ms, from 100ms to 60m'],
    ['--deadline 61m', '--deadline value="61m": must be like 5s or 500ms, from 100ms to 60m'],
    ['--incident=', '--incident value="": must not be empty'],
    ['--out=', '--out value="": must not be empty'],
    [
      '--fault block-main',
      '--fault value="block-main": must be like block-main=5s or block-main=500ms',
    ],
    [
      '--fault stall-sink=5',
      '--fault value="stall-sink=5": must be like stall-sink=5s or stall-sink=500ms',
    ],
    [
      '--fault fill-memory',
      '--fault value="fill-memory": must be like fill-memory=5s or fill-memory=500ms',
    ],
    ['--fault kill-manager=5s', '--fault value="kill-manager=5s": kill-manager takes no duration'],
    [
      '--fault kill-collector@soon',
      '--fault value="kill-collector@soon": the time behind @ must be like 2s or 500ms',
    ],
    [
      '--fault unplug',
      '--fault value="unplug": must be one of block-main=TIME, regex=TIME, wait=TIME, crypto=TIME, hang-collector=TIME, stall-sink=TIME, fill-memory=TIME, kill-collector, kill-manager',
    ],
  ]
  for (const [line, message] of refused) {
    it(`refuses ${line} and names the value`, () => {
      assert.throws(() => parseOptions(line.split(' ')), new OptionError(message))
    })
  }

  it('refuses an unknown option, a missing value and a stray word, naming each', () => {
    assert.throws(() => parseOptions(['--prot', '1']), { name: 'OptionError', message: /--prot/ })
    assert.throws(() => parseOptions(['--port']), { name: 'OptionError', message: /--port/ })
    assert.throws(() => parseOptions(['8081']), { name: 'OptionError', message: /8081/ })
  })
})

describe('tryParseDurationMs', () => {
  it('knows ms, s and m', () => {
    const texts = ['0s', '250ms', '1.5s', '2m']
    assert.deepEqual(texts.map(tryParseDurationMs), [0, 250, 1500, 120000])
  })

  it('knows nothing else, and nothing that a timer can not wait for', () => {
    const texts = ['', '5', 's', '-1s', '1h', ' 1s', '1e3s', '.5s', '99999999m']
    assert.deepEqual(
      texts.map(tryParseDurationMs),
      texts.map(() => undefined),
    )
  })
})

describe('findMissing', () => {
  it('is content on Linux with procfs', () => {
    assert.equal(
      findMissing('/proc', 'linux', () => true),
      undefined,
    )
  })

  it('names the platform off Linux', () => {
    assert.match(findMissing('/proc', 'darwin', () => true) ?? '', /only Linux has.*darwin/)
  })

  it('names the file where procfs is not mounted', () => {
    assert.match(
      findMissing('/host/proc', 'linux', () => false) ?? '',
      /\/host\/proc\/stat is missing/,
    )
  })
})
