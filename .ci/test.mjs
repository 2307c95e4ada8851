// Runs the built tests with node's own runner. Node.js 20 has no globs for it, so the files are listed here.
// Usage: node .ci/test.mjs [part of a path ...]; without arguments, every test.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../dist/test', import.meta.url))
const parts = process.argv.slice(2)
const files = readdirSync(folder, { recursive: true })
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
  .sort()
  .map((path) => `${folder}/${path}`)
if (files.length === 0) {
  console.error(`no test file matches ${parts.join(' ')}`)
  process.exit(1)
}
// One file at a time: stress and probe tests measure nothing, but they need the cores that they ask for.
const { status } = spawnSync(process.execPath, ['--test', '--test-concurrency=1', ...files], {
  stdio: ['ignore', 'inherit', 'inherit'],
  // A test that hangs must end red, not run until somebody else's limit.
  timeout: 30 * 60_000,
})
process.exit(status ?? 1)
