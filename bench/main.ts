// `npm run bench`: runs the benches, prints the table, writes the rows. Measures, never gates: the exit code is
// 1 where a bench failed to run, not where a number fell short.
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { checks } from './checks.bench.js'
import { type Bench, type Environment, runBench } from './harness.js'
import { findLoadGenerator } from './http-load.js'
import { ProbeLoad } from './latency-load.js'
import { observedFlips } from './observed-flips.bench.js'
import { oneProducerFlips } from './one-producer-flips.bench.js'
import { GoPeer } from './peers/go.js'
import { probeHttp } from './probe-http.bench.js'
import { probeLatency } from './probe-latency.bench.js'
import { probeWhileBlocked } from './probe-while-main-is-blocked.bench.js'
import type { Row } from './row.js'
import { describePackagedPeers, ServerProcesses } from './server-process.js'
import { seededRandom } from './statistics.js'
import { formatOutcome, formatSummary } from './table.js'
import { unchangedUpdate } from './unchanged-update.bench.js'
import { visibility } from './visibility.bench.js'

const benches: readonly Bench[] = [
  ...unchangedUpdate,
  ...oneProducerFlips,
  ...observedFlips,
  ...checks,
  ...probeHttp,
  ...probeLatency,
  ...probeWhileBlocked,
  ...visibility,
]

const USAGE = `Usage: npm run bench -- [options]

  --quick        fewer and shorter samples, fewer benches and peers: under a minute on a quiet machine
  --only NAME    only the benches whose name contains NAME; may be repeated
  --json FILE    write the rows to FILE
  --seed N       order of the samples (default: a new one each run)
  --help

Benches:
${benches.map(({ name, title }) => `  ${name.padEnd(36)}${title}`).join('\n')}
`

function misuse(what: string): never {
  process.stderr.write(`${what}\n\n${USAGE}`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
        json: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return misuse((error as Error).message)
  }
}

function selectBenches(only: readonly string[], isQuick: boolean): readonly Bench[] {
  for (const part of only) {
    if (!benches.some(({ name }) => name.includes(part))) misuse(`no bench matches --only=${part}`)
  }
  if (only.length === 0) return benches.filter(({ isLong }) => !(isQuick && isLong))
  return benches.filter(({ name }) => only.some((part) => name.includes(part)))
}

function describeRun(seed: number, environment: Environment) {
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' })
  const cpu = cpus()
  const lines = {
    date: new Date().toISOString(),
    commit: commit.status === 0 ? commit.stdout.trim() : 'unknown',
    node: process.version,
    cpu: `${cpu.length} × ${cpu[0]?.model.trim() ?? 'unknown'}, load ${loadavg()[0]?.toFixed(1)}`,
    go: environment.go?.version ?? `skipped: ${environment.goSkipped[0]?.why}`,
    'http peers': describePackagedPeers(),
    'http load': environment.load.name,
    seed: String(seed),
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name.padEnd(10)} ${value}`)
    .join('\n')
}

const { quick, only, json, seed: givenSeed, help } = parse()
if (help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const seed = givenSeed === undefined ? Date.now() % 1_000_000 : Number(givenSeed)
if (!Number.isSafeInteger(seed)) misuse(`--seed must be an integer: seed=${givenSeed}`)
const selected = selectBenches(only, quick)

const go = GoPeer.build()
const environment: Environment = {
  isQuick: quick,
  minSampleMs: quick ? 4 : 15,
  go: go instanceof GoPeer ? go : undefined,
  goSkipped: go instanceof GoPeer ? [] : [{ name: 'go', why: go.missing }],
  load: findLoadGenerator(),
  probes: new ProbeLoad(),
  servers: new ServerProcesses(),
  random: seededRandom(seed),
}
console.log(describeRun(seed, environment))
if (globalThis.gc === undefined) console.log('no --expose-gc: garbage adds to the noise')

const rows: Row[] = []
const failures: string[] = []
for (const bench of selected) {
  try {
    const outcome = await runBench(bench, environment)
    rows.push(...outcome.rows)
    console.log(`\n${formatOutcome(outcome)}`)
  } catch (error) {
    failures.push(bench.name)
    console.error(`\n${bench.title}  [${bench.name}]\n  FAILED: ${(error as Error).stack}`)
  }
}
await environment.go?.close()
await environment.load.close()
await environment.probes.close()
await environment.servers.close()
console.log(`\n${formatSummary(rows)}`)
if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, undefined, 2)}\n`)
if (failures.length > 0) {
  console.error(`Failed: ${failures.join(', ')}.`)
  process.exitCode = 1
}
