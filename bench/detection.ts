// `npm run detection`: how long it takes from a fault in the sample collector until its verdict, and what is said to be wrong in a
// long run with nothing wrong. Linux only, as the collector. Exits with 1 where a fault was not seen or an alarm was false.
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { tryParseDurationMs } from '../examples/collector/duration.js'
import { CASES, type DetectionCase } from './detection/cases.js'
import { type Measurement, measure, type Sighting } from './detection/measure.js'
import { type SoakReport, STOPPED_MS, soak } from './detection/soak.js'
import { median } from './statistics.js'

const USAGE = `Usage: npm run detection -- [options]

  --repeat N     how often each fault is made, 0 = not at all (default 3)
  --only NAME    only faults whose name contains NAME
  --soak TIME    how long the saturated run without faults takes, 0s = none (default 10m)
  --quick        some of the faults, once each and at the same time, so that times say little, and no soak: half a minute
  --help
`

function misuse(what: string): never {
  process.stderr.write(`${what}\n\n${USAGE}`)
  process.exit(2)
}

function parse() {
  try {
    return parseArgs({
      options: {
        repeat: { type: 'string' },
        only: { type: 'string', default: '' },
        soak: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    return misuse((error as Error).message)
  }
}

const load = () => loadavg()[0]!.toFixed(1)
const seconds = (ms: number) => (ms / 1_000).toFixed(ms < 1_000 ? 3 : 2)

/** The median, and the range where there is one. */
function rangeOf(times: readonly (number | undefined)[]): string {
  const known = times.filter((time) => time !== undefined)
  if (known.length < times.length) return `NOT SEEN in ${times.length - known.length} runs`
  const range = `${seconds(Math.min(...known))}-${seconds(Math.max(...known))}`
  return known.length === 1 ? `${seconds(known[0]!)} s` : `${seconds(median(known))} s (${range})`
}

/** The rows of one fault; and whether all was seen. */
function printRows({ name, expectations }: DetectionCase, runs: readonly Measurement[]): boolean {
  const slowest = Math.max(...runs.map(({ slowestProbeMs }) => slowestProbeMs))
  let isComplete = true
  for (const [index, { verdict, threshold, transition }] of expectations.entries()) {
    const times = (pick: (sighting: Sighting) => number | undefined) =>
      rangeOf(runs.map(({ sightings }) => pick(sightings[index]!)))
    const seen = times(({ seenMs }) => seenMs)
    const journaled = transition === undefined ? '-' : times(({ journaledMs }) => journaledMs)
    isComplete &&= !`${seen}${journaled}`.includes('NOT SEEN')
    const cells = [index === 0 ? name : '', verdict, threshold, seen, journaled]
    console.log(`| ${[...cells, `${Math.round(slowest)} ms`].join(' | ')} |`)
  }
  return isComplete
}

async function runsOf(each: DetectionCase, repeat: number): Promise<readonly Measurement[]> {
  const runs: Measurement[] = []
  for (let run = 0; run < repeat; run++) runs.push(await measure(each))
  return runs
}

/** All of them at the same time. Settled, so that none is left running where another one fails. */
async function runsAtOnce(
  selected: readonly DetectionCase[],
  repeat: number,
): Promise<(readonly Measurement[])[]> {
  const outcomes = await Promise.allSettled(selected.map((each) => runsOf(each, repeat)))
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}

/** Whether all was seen. */
async function printTable(
  selected: readonly DetectionCase[],
  repeat: number,
  isAtOnce: boolean,
): Promise<boolean> {
  const known = isAtOnce ? await runsAtOnce(selected, repeat) : []
  console.log('| fault | verdict | threshold | over HTTP after | journaled after | slowest probe |')
  console.log('| --- | --- | --- | --- | --- | --- |')
  let isComplete = true
  for (const [index, each] of selected.entries()) {
    const runs = known[index] ?? (await runsOf(each, repeat))
    isComplete = printRows(each, runs) && isComplete
  }
  return isComplete
}

/** Whether no alarm was false. */
function printSoak(report: SoakReport): boolean {
  const { ranMs, cores, probes, slowestProbeMs, slowProbes, worstLagMs, alarms } = report
  console.log(`soak: ${seconds(ranMs)} s at ${cores.toFixed(2)} cores, load at the end ${load()};`)
  console.log(`  then the process was stopped for ${seconds(STOPPED_MS)} s and continued`)
  console.log(
    `  ${probes} probes, the slowest took ${Math.round(slowestProbeMs)} ms, ${slowProbes} took more than 1 s`,
  )
  console.log(`  the main loop was late by ${Math.round(worstLagMs)} ms at most, by its own gauge`)
  const isFalse = alarms.filter(({ because }) => because === undefined)
  for (const { at, what, because } of alarms) {
    console.log(
      `  ${because === undefined ? 'FALSE' : 'true'}  ${at}  ${what}  (${because ?? 'nothing shows it'})`,
    )
  }
  console.log(`  alarms: ${alarms.length - isFalse.length} true, ${isFalse.length} false`)
  return isFalse.length === 0
}

const { quick: isQuick, only, help, ...asked } = parse()
if (help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const { repeat: repeatText = isQuick ? '1' : '3', soak: soakText = isQuick ? '0s' : '10m' } = asked
const repeat = Number(repeatText)
if (!Number.isInteger(repeat) || repeat < 0) misuse(`--repeat must be an integer: ${repeatText}`)
const soakMs = tryParseDurationMs(soakText)
if (soakMs === undefined) misuse(`--soak must be like 10m or 30s: ${soakText}`)
const selected = CASES.filter((each) => each.name.includes(only) && (each.isQuick || !isQuick))
if (selected.length === 0) misuse(`no fault matches --only=${only}`)

const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' })
console.log(
  `${new Date().toISOString()}, commit ${commit.stdout?.trim() || 'unknown'}, Node.js ${process.version}`,
)
console.log(`${cpus().length} × ${cpus()[0]?.model.trim()}, load ${load()}, ${repeat} runs a fault`)
const isComplete = repeat === 0 || (await printTable(selected, repeat, isQuick))
const isSilent = soakMs === 0 || printSoak(await soak(soakMs))
process.exitCode = isComplete && isSilent ? 0 : 1
