// The Dockerfile, without Docker: what it copies is built as it says, in a folder of its own, and what it keeps of that runs.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const read = (name: string) => readFileSync(join(root, 'deploy', name), 'utf8')

interface Stage {
  readonly base: string
  readonly instructions: [name: string, rest: string][]
}

/** No line is continued there. */
const stages: Stage[] = []
for (const line of read('Dockerfile').split('\n')) {
  const [, name = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? []
  if (name === 'FROM') stages.push({ base: rest.replace(/ AS .*/, ''), instructions: [] })
  else if (name !== '') stages.at(-1)!.instructions.push([name, rest])
}
const [build, final] = stages as [Stage, Stage]
const all = ({ instructions }: Stage, wanted: string) =>
  instructions.flatMap(([name, rest]) => (name === wanted ? [rest] : []))

/** Does what the COPY lines say, from one folder into another. */
function copy(stage: Stage, from: string, to: string): void {
  for (const rest of all(stage, 'COPY')) {
    const paths = rest.replace('--from=build ', '').split(' ')
    const target = paths.pop()!
    for (const path of paths) {
      const source = path.replace(/^\/app\//, '')
      const name = target.endsWith('/') ? join(target, basename(source)) : target
      mkdirSync(dirname(join(to, name)), { recursive: true })
      cpSync(join(from, source), join(to, name), { recursive: true, verbatimSymlinks: true })
    }
  }
}

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'health-actor-'))
  t.after(() => rmSync(path, { recursive: true, force: true }))
  return path
}

test('the image is of Debian 13, and its program does not run as root', () => {
  assert.deepEqual(
    stages.map(({ base }) => base),
    ['node:22-trixie-slim', 'node:22-trixie-slim'],
  )
  const [user] = all(final, 'USER')
  assert.match(user!, /^[1-9]\d*:[1-9]\d*$/)
})

test('what is copied from outside is what the ignore file lets in', () => {
  const ignored = read('Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => /^[^#]/.test(line))
  const [everything, ...allowed] = ignored
  assert.equal(everything, '*')
  const sources = all(build, 'COPY').flatMap((rest) => rest.split(' ').slice(0, -1))
  assert.deepEqual(allowed.map((line) => line.slice(1)).sort(), sources.sort())
})

test('what is copied builds, and what is kept runs, and writes nothing beside it', async (t) => {
  const built = folder(t)
  copy(build, root, built)
  symlinkSync(join(root, 'node_modules'), join(built, 'node_modules'))
  assert.deepEqual(all(build, 'RUN'), ['npm ci', 'npm run build && npm prune --omit=dev'])
  await promisify(execFile)('npm', ['run', 'build'], { cwd: built })
  const image = folder(t)
  copy(final, built, image)
  const before = readdirSync(image)
  const entry = JSON.parse(all(final, 'ENTRYPOINT')[0]!) as string[]
  assert.equal(entry[0], 'node')
  const samples = folder(t)
  const args = [
    '--seconds',
    '1',
    '--port',
    '0',
    '--grpc-port',
    '0',
    '--out',
    join(samples, 'samples.ndjson'),
  ]
  const { stdout } = await promisify(execFile)(process.execPath, [...entry.slice(1), ...args], {
    cwd: image,
  })
  assert.match(stdout, /^gRPC {6}127\.0\.0\.1:\d+$/m)
  assert.match(stdout, /produced/)
  assert.deepEqual(readdirSync(image), before)
})
