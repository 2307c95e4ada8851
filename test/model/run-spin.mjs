// Checks the protocol models of this folder exhaustively with spin: the whole protocol must hold, and with any of its
// rules switched off it must not. Plain Node.js, so that it runs without a build.
// Usage: node test/model/run-spin.mjs [part of a check's name ...]
// Without spin or a C compiler it says so and succeeds, unless SPIN_REQUIRED=1.
import { execFile, spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checks } from './spin-checks.mjs'

const folder = fileURLToPath(new URL('.', import.meta.url))
const STEP_TIMEOUT_MS = 300_000
const MAX_DEPTH = 100_000
const MEMORY_MB = 3_000
/** Steps of a counter-example that are shown, from its end. */
const SHOWN_STEPS = 60
/** More at a time than this would not fit into the memory of a small machine. */
const MAX_AT_ONCE = 2

function nameOf({ model, flags }) {
  return [model, ...flags].join(' ')
}

function isMissing(command, argument) {
  return spawnSync(command, [argument], { stdio: 'ignore' }).error !== undefined
}

function run(command, args, cwd) {
  return new Promise((resolve) => {
    const options = { cwd, timeout: STEP_TIMEOUT_MS, maxBuffer: 1 << 28 }
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ output: stdout + stderr, error })
    })
  })
}

/** What the checker found: `violation` is undefined if it has seen every state and all were good. */
function readOutput(output) {
  const states = Number(/([\d.e+]+) states, stored/.exec(output)?.[1] ?? 0)
  const violation = /^pan:1: (.*)$/m.exec(output)?.[1]
  const isComplete =
    /errors: 0\b/.test(output) &&
    !/not completed|depth too small|out of memory|aborting/i.test(output)
  return { states, violation, isComplete }
}

function judge({ broken }, { violation, isComplete }) {
  if (broken === undefined) return isComplete && violation === undefined
  return violation !== undefined && broken.test(violation)
}

function describe({ broken }, { violation, isComplete }, hasPassed) {
  if (broken === undefined) {
    if (hasPassed) return 'holds'
    return violation === undefined && !isComplete
      ? 'NOT CHECKED TO THE END'
      : `BROKEN: ${violation}`
  }
  if (hasPassed) return 'breaks, as it must'
  return violation === undefined
    ? 'HOLDS, though a rule is off'
    : `breaks, but not as it must: ${violation}`
}

/** The last steps of the counter-example in the folder, without those of the monitor. */
async function counterExample(check, source, cwd) {
  const hasTrail = (await readdir(cwd)).some((file) => file.endsWith('.trail'))
  if (!hasTrail) return ''
  const { output } = await run('spin', ['-t', '-p', ...macros(check), source], cwd)
  const steps = output.split('\n').filter((line) => line.includes(`${check.model}.pml:`))
  return steps.slice(-SHOWN_STEPS).join('\n')
}

function macros({ flags }) {
  return flags.map((flag) => `-D${flag}`)
}

async function runCheck(check) {
  const cwd = await mkdtemp(join(tmpdir(), 'spin-'))
  const source = join(folder, `${check.model}.pml`)
  const startedAt = performance.now()
  try {
    const generated = await run('spin', ['-a', ...macros(check), source], cwd)
    const mode = check.cycles ? [] : ['-DSAFETY']
    // Where a rule is off the search mostly ends early, so compiling well would take longer than it saves.
    const effort = check.broken === undefined || check.deep ? '-O2' : '-O0'
    const options = [effort, '-w', '-DCOLLAPSE', `-DMEMLIM=${MEMORY_MB}`, ...mode]
    const compiled = await run('cc', [...options, '-o', 'pan', 'pan.c'], cwd)
    const searched = await run('./pan', [`-m${MAX_DEPTH}`, ...(check.cycles ? ['-a'] : [])], cwd)
    const found = readOutput(searched.output)
    const hasPassed = judge(check, found)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    const verdict = describe(check, found, hasPassed)
    const note = check.note === undefined ? '' : ` (${check.note})`
    console.log(
      `${hasPassed ? 'ok  ' : 'FAIL'} ${nameOf(check)}: ${verdict}, ${found.states} states, ${seconds} s${note}`,
    )
    if (!hasPassed) {
      const isHarnessAtFault = found.states === 0
      if (isHarnessAtFault) console.log(generated.output, compiled.output, searched.output)
      console.log(await counterExample(check, source, cwd))
    }
    return hasPassed
  } finally {
    await rm(cwd, { recursive: true, force: true })
  }
}

async function runAll(selected) {
  const left = [...selected]
  let passed = 0
  let failed = 0
  const work = async () => {
    for (let check = left.shift(); check !== undefined; check = left.shift()) {
      if (await runCheck(check)) passed++
      else failed++
    }
  }
  const atOnce = Math.min(MAX_AT_ONCE, availableParallelism())
  await Promise.all(Array.from({ length: atOnce }, work))
  return { passed, failed }
}

const missing = [
  ['spin', '-V'],
  ['cc', '--version'],
].filter(([command, argument]) => isMissing(command, argument))
if (missing.length > 0) {
  const isRequired = process.env.SPIN_REQUIRED === '1'
  const names = missing.map(([command]) => command).join(' and ')
  console.log(`protocol models: ${isRequired ? 'FAILED' : 'skipped'}, ${names} not found`)
  process.exit(isRequired ? 1 : 0)
}
const parts = process.argv.slice(2)
const selected = checks.filter(
  (check) => parts.length === 0 || parts.some((part) => nameOf(check).includes(part)),
)
const { passed, failed } = await runAll(selected)
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || selected.length === 0 ? 1 : 0
