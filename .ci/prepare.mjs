// Makes `npm start`, `npm test` and `npm run bench` self-sufficient on a fresh clone: installs the
// dependencies and builds where they are missing or stale. Plain Node.js, since nothing is installed yet.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const sourceFolders = ['src', 'workers', 'test', 'bench', 'examples']

const major = Number(process.versions.node.split('.')[0])
if (major < 20) {
  console.error(`health-actor needs Node.js >= 20, this is ${process.version}`)
  process.exit(1)
}

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    // Standard output belongs to the script that this prepares: `npm start --silent -- --out -` pipes it on.
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error || status !== 0) {
    console.error(`${command} ${args.join(' ')} failed: ${error?.message ?? `exit code ${status}`}`)
    process.exit(1)
  }
}

function hashOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) hash.update(path).update(readFileSync(join(root, path)))
  return hash.digest('hex')
}

function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    return entry.isDirectory() ? filesBelow(path) : [path]
  })
}

function refresh(stamp, inputs, work) {
  const stampPath = join(root, stamp)
  const wanted = hashOf(inputs)
  if (existsSync(stampPath) && readFileSync(stampPath, 'utf8') === wanted) return
  work()
  mkdirSync(join(stampPath, '..'), { recursive: true })
  writeFileSync(stampPath, wanted)
}

refresh('node_modules/.health-actor-installed', ['package.json', 'package-lock.json'], () =>
  run('npm', ['ci', '--no-audit', '--no-fund']),
)
const sources = sourceFolders.flatMap(filesBelow).filter((path) => /\.[jt]s$/.test(path))
refresh('dist/.health-actor-built', ['package-lock.json', 'tsconfig.json', ...sources.sort()], () =>
  run('npm', ['run', '--silent', 'build']),
)
