// Runs the built tests with node's own runner. Node.js 20 has no globs for it, so the files are listed here; and its
// options for concurrency and time came with 20.10 and 20.11 only, so it is called rather than started.
// Usage: node .ci/test.mjs [part of a path ...]; without arguments, every test.
import { setMaxListeners } from 'node:events'
import { readdirSync } from 'node:fs'
import { finished } from 'node:stream/promises'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { fileURLToPath } from 'node:url'

/** A file that hangs must end red, not run until somebody else's limit. */
const FILE_TIMEOUT_MS = 5 * 60_000
const ALL_TIMEOUT_MS = 30 * 60_000

// readdirSync's own recursion came with 20.1.
function filesBelow(path) {
  return readdirSync(`${folder}${path}`, { withFileTypes: true }).flatMap((entry) => {
    const inside = `${path}/${entry.name}`
    return entry.isDirectory() ? filesBelow(inside) : [inside]
  })
}

const folder = fileURLToPath(new URL('../dist/test', import.meta.url))
const parts = process.argv.slice(2)
const files = filesBelow('')
  .filter((path) => path.endsWith('.test.js'))
  .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
  .sort()
  .map((path) => `${folder}${path}`)
if (files.length === 0) {
  console.error(`no test file matches ${parts.join(' ')}`)
  process.exit(1)
}
// Red until the end was reached: a runner that breaks off has shown nothing.
process.exitCode = 1
let failedCount = 0
const signal = AbortSignal.timeout(ALL_TIMEOUT_MS)
// Each file that waits for its turn listens, which is no leak.
setMaxListeners(0, signal)
// One file at a time: stress and probe tests measure nothing, but they need the cores that they ask for.
const tests = run({
  files,
  concurrency: 1,
  timeout: FILE_TIMEOUT_MS,
  signal,
})
tests.on('test:fail', ({ todo }) => {
  if (todo === undefined || todo === false) failedCount++
})
const report = tests.compose(new spec())
report.pipe(process.stdout)
await finished(report)
process.exitCode = failedCount === 0 ? 0 : 1
