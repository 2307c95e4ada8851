// Generates the code of the control plane's contract from proto/api/v1: `npm run proto`. Another folder may be given, as
// the test for drift does.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = resolve(process.argv[2] ?? join(root, 'src/heartbeat/generated'))
const { resolve: resolveModule } = createRequire(import.meta.url)

function run(tool, ...args) {
  const entry = resolveModule(`protobufjs-cli/bin/${tool}`)
  const { status, error } = spawnSync(process.execPath, [entry, ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  if (error || status !== 0) throw error ?? new Error(`${tool} ended with code ${status}`)
}

function generateModule(out, ...flags) {
  run(
    'pbjs',
    ...['-t', 'static-module', '-w', '.ci/protobuf-wrapper.txt', '--es6', '-r', 'health-actor'],
    ...['--dependency', 'protobufjs/minimal.js', '-p', 'proto', '-o', out],
    // Encoders and decoders are all that is used.
    ...['--no-create', '--no-verify', '--no-convert', '--no-delimited', '--no-typeurl'],
    ...['--no-service', '--force-number', ...flags],
    'proto/api/v1/operator_health.proto',
  )
}

mkdirSync(folder, { recursive: true })
const temporary = mkdtempSync(join(tmpdir(), 'health-actor-proto-'))
try {
  generateModule(join(folder, 'operator-health.js'), '--no-comments')
  // The types are read from the comments, which the module itself can do without.
  const commented = join(temporary, 'commented.js')
  const types = join(folder, 'operator-health.d.ts')
  generateModule(commented)
  run('pbts', '--no-comments', '-o', types, commented)
  const head = '// Generated from proto/api/v1 by `npm run proto`. Not to be edited.\n'
  // 64-bit numbers are declared as numbers, so nobody needs the types of a package that is not our own dependency.
  const text = readFileSync(types, 'utf8').replace('import Long = require("long");\n', '')
  writeFileSync(types, head + text)
} finally {
  rmSync(temporary, { recursive: true })
}
