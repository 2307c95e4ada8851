import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import {
  type Bench,
  type Environment,
  nowNs,
  type OpenBench,
  runBench,
  type Subject,
} from '../../bench/harness.js'
import { LoadRefused } from '../../bench/http-load.js'
import { ProbeLoad } from '../../bench/latency-load.js'
import { ServerProcesses } from '../../bench/server-process.js'
import { Sighting } from '../../bench/sighting.js'
import { seededRandom } from '../../bench/statistics.js'
import { formatOutcome } from '../../bench/table.js'
import { startComlink, startOurs, startPlainHttp } from '../../bench/tellers.js'
import { type Teller, Watched } from '../../bench/watched.js'

test('a sighting that came before anyone waited for it is not lost', async () => {
  const sighting = new Sighting()
  sighting.report(7)
  assert.equal(sighting.await(0), 7)
  sighting.report(8)
  assert.equal(await sighting.awaitOnLoop(0), 8)
})

test('no sighting in time is none, and does not count as the next one', async () => {
  const sighting = new Sighting()
  assert.equal(sighting.await(0), undefined)
  assert.equal(await sighting.awaitOnLoop(0), undefined)
  sighting.report(9)
  assert.equal(sighting.await(0), 9)
})

test('a thread that waits on its loop goes on with it', async () => {
  const sighting = new Sighting()
  // The wait alone does not keep this thread alive.
  const alive = setInterval(() => {}, 1_000)
  const seen = sighting.awaitOnLoop(5_000)
  await turn()
  sighting.report(5)
  assert.equal(await seen, 5)
  clearInterval(alive)
})

for (const [what, start] of [
  ['our runtime by an attached thread', () => startOurs('health-actor', 'thread')],
  ['our runtime through HTTP', () => startOurs('health-actor', 'http')],
  ['the naive manager by another thread', () => startComlink('thread')],
  ['the naive manager through HTTP', () => startComlink('http')],
  ['a plain map on this loop through HTTP', startPlainHttp],
] as const) {
  test(`changes are seen in ${what}`, async () => {
    const watched = new Watched(await start())
    try {
      for (let i = 0; i < 3; i++) assert.ok((await watched.sample()) > 0)
    } finally {
      await watched.stop()
    }
  })
}

/** Runs with a teller whose time of the update is another than it was. */
async function sampleWith(toldNs: () => number): Promise<number> {
  const honest = await startPlainHttp()
  const teller: Teller = {
    ...honest,
    tell(isUnhealthy) {
      honest.tell(isUnhealthy)
      return toldNs()
    },
  }
  const watched = new Watched(teller)
  try {
    return await watched.sample()
  } finally {
    await watched.stop()
  }
}

test('a change that is seen before it was told is not measured', async () => {
  await assert.rejects(
    sampleWith(() => nowNs() + 60e9),
    /node:http showed a change before it was told/,
  )
})

const environment: Environment = {
  isQuick: true,
  minSampleMs: 1,
  go: undefined,
  goSkipped: [],
  load: { name: 'none', run: () => assert.fail('no load is run'), close: async () => {} },
  probes: new ProbeLoad(),
  servers: new ServerProcesses(),
  random: seededRandom(1),
}

function steady(name: string): Subject {
  return { name, warmUp: async () => {}, sample: async () => 1 }
}

function benchOf(open: Omit<OpenBench, 'close'>): Bench {
  return {
    name: 'n',
    title: 't',
    unit: 'µs',
    samples: { full: 2, quick: 2 },
    open: async () => ({ ...open, close: async () => [] }),
  }
}

test('a peer that cannot do what is measured says why in its row', async () => {
  const bench = benchOf({
    ours: steady('ours'),
    again: steady('again'),
    peers: [steady('able')],
    skipped: [{ name: 'absent', why: 'not installed' }],
    unable: [{ name: 'lonely', why: 'nobody can read it' }],
  })
  const outcome = await runBench(bench, environment)
  assert.deepEqual(
    outcome.rows.map(({ peer, peerValue, peerNote }) => [peer, peerValue, peerNote]),
    [
      ['able', 1, null],
      ['lonely', null, 'nobody can read it'],
      ['absent', null, 'skipped'],
    ],
  )
  assert.match(formatOutcome(outcome), /lonely +nobody can read it\n/)
  assert.match(formatOutcome(outcome), /absent skipped: not installed/)
})

test('a peer that refuses the load has a reason for a figure, and ends nobody else', async () => {
  const refuse = async () => {
    throw new LoadRefused('refused the load: all 503')
  }
  const bench = benchOf({
    ours: steady('ours'),
    again: steady('again'),
    peers: [{ ...steady('overloaded'), sample: refuse }, steady('able')],
  })
  const { rows } = await runBench(bench, environment)
  assert.deepEqual(
    rows.map(({ peer, peerValue, peerNote }) => [peer, peerValue, peerNote]),
    [
      ['able', 1, null],
      ['overloaded', null, 'refused the load: all 503'],
    ],
  )
})

test('ours may not refuse the load', async () => {
  const refuse = async () => {
    throw new LoadRefused('refused the load: all 503')
  }
  const bench = benchOf({
    ours: { ...steady('ours'), sample: refuse },
    again: steady('again'),
    peers: [],
  })
  await assert.rejects(runBench(bench, environment), LoadRefused)
})
