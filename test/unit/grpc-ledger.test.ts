import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { GRPC_RECORDS, type GrpcEntry, GrpcLedger } from '../../src/probe/grpc-ledger.js'
import { LEDGER_RECORDS, ProbeLedger } from '../../src/probe/ledger.js'
import { requestOf } from './metrics-support.js'

const KUBELET = 'kube-probe/1.31 grpc-go/1.65.0'

const entry: GrpcEntry = {
  path: 'grpc:/Check/',
  code: 0,
  client: '192.0.2.1',
  userAgent: 'grpc-node-js/1.14.7',
  reason: '',
  question: 'liveness',
  isSuccess: true,
  latencyMs: 0.25,
}

const failure: GrpcEntry = {
  ...entry,
  userAgent: KUBELET,
  reason: 'NOT_SERVING: collector_manager is unhealthy: gone',
  isSuccess: false,
}

/** Both ends of one ledger. */
function createLedgers() {
  const writer = new GrpcLedger()
  return { writer, reader: new GrpcLedger(writer.buffer) }
}

test('a call is entered with path, code, client, reason and times', () => {
  const { writer, reader } = createLedgers()
  const before = Date.now()
  writer.enter({ ...failure, code: 14 })
  const [record, ...others] = reader.records()
  assert.deepEqual(others, [])
  const { at, ...rest } = record!
  assert.ok(at >= before && at <= Date.now())
  assert.deepEqual(rest, {
    path: 'grpc:/Check/',
    code: 14,
    client: '192.0.2.1',
    userAgent: KUBELET,
    reason: 'NOT_SERVING: collector_manager is unhealthy: gone',
    latencyUs: 250,
  })
})

test('the last 256 are kept, the newest first', () => {
  const { writer, reader } = createLedgers()
  assert.deepEqual([...reader.records()], [])
  for (let i = 0; i < GRPC_RECORDS + 44; i++) writer.enter({ ...entry, path: String(i) })
  const paths = Array.from(reader.records(), ({ path }) => Number(path))
  assert.deepEqual(
    paths,
    Array.from({ length: GRPC_RECORDS }, (_, i) => GRPC_RECORDS + 43 - i),
  )
  assert.equal(reader.stats().answered, GRPC_RECORDS + 44)
})

test('failures in a row are those that kubelets were told of, by question', () => {
  const { writer, reader } = createLedgers()
  writer.enter({ ...failure, userAgent: 'grpc-node-js/1.14.7' })
  assert.equal(reader.stats().lastFailure, undefined)
  for (let i = 0; i < 3; i++) writer.enter(failure)
  writer.enter({ ...failure, question: 'readiness', reason: 'first' })
  writer.enter({ ...failure, question: undefined, reason: 'of a component' })
  writer.enter({ ...failure, question: 'liveness', isSuccess: true })
  const { failuresInARow, lastFailure } = reader.stats()
  assert.deepEqual(failuresInARow, { liveness: 0, readiness: 1, startup: 0 })
  assert.equal(lastFailure?.reason, 'first')
})

test('what clients and components write is kept short, in whole characters', () => {
  const { writer, reader } = createLedgers()
  writer.enter({
    ...entry,
    path: '€'.repeat(2_000),
    userAgent: 'a'.repeat(64),
    reason: 'é'.repeat(900),
  })
  const [record] = reader.records()
  assert.ok(Buffer.byteLength(record!.path) <= 128)
  assert.match(record!.path, /^€+… \[truncated \d+ bytes\]$/)
  assert.equal(record?.userAgent, 'a'.repeat(64))
  assert.match(record!.reason, /^é+… \[truncated \d+ bytes\]$/)
})

test('a writer that is killed at any store leaves no torn entry, and its successor goes on', (t) => {
  const stores = countStores(t, () => new GrpcLedger().enter({ ...failure, path: 'killed' }))
  assert.ok(stores > 10)
  for (let killedAt = 0; killedAt < stores; killedAt++) {
    const { writer, reader } = createLedgers()
    for (let i = 0; i < GRPC_RECORDS; i++) writer.enter({ ...entry, path: `before ${i}` })
    killAtStore(t, killedAt, () => writer.enter({ ...failure, path: 'killed' }))
    const paths = Array.from(reader.records(), ({ path }) => path)
    for (const path of paths) assert.match(path, /^before \d+$|^killed$/)
    const successor = new GrpcLedger(writer.buffer)
    successor.enter({ ...failure, path: 'after' })
    assert.equal([...reader.records()][0]?.path, 'after')
    assert.match(reader.stats().lastFailure!.path, /^after$/)
  }
})

test('calls and HTTP probes are shown together, the newest first, as if they were one', (t) => {
  let now = 1_000
  t.mock.method(Date, 'now', () => now++)
  const { writer, reader } = createLedgers()
  const ledger = new ProbeLedger(reader)
  const probe = (target: string) =>
    ledger.enter(
      { ...requestOf(target), header: () => 'kube-probe/1.31' },
      { status: 503, contentType: '', body: Buffer.alloc(0), reason: 'by HTTP' },
      1,
    )
  probe('/livez')
  writer.enter(failure)
  writer.enter(failure)
  probe('/readyz')
  const shown = Array.from(ledger.records(), ({ path }) => path)
  assert.deepEqual(shown, ['/readyz', 'grpc:/Check/', 'grpc:/Check/', '/livez'])
  const { answered, failuresInARow, lastFailure } = ledger.stats()
  assert.equal(answered, 4)
  assert.deepEqual(failuresInARow, { liveness: 2, readiness: 1, startup: 0 })
  assert.equal(lastFailure?.path, '/readyz')
  for (let i = 0; i < 200; i++) {
    probe('/livez')
    writer.enter(entry)
  }
  const both = Array.from(ledger.records(), ({ at }) => at)
  assert.equal(both.length, LEDGER_RECORDS)
  assert.deepEqual(
    both,
    [...both].sort((a, b) => b - a),
  )
})

function countStores(t: TestContext, run: () => void): number {
  const mock = t.mock.method(Atomics, 'store')
  run()
  const count = mock.mock.callCount()
  mock.mock.restore()
  return count
}

/** Runs as far as to before the store of this number, as a thread that is terminated does. */
function killAtStore(t: TestContext, number: number, run: () => void): void {
  const store = Atomics.store
  let count = 0
  const mock = t.mock.method(Atomics, 'store', (...args: Parameters<typeof store>) => {
    if (count++ === number) throw new Error('killed')
    return store(...args)
  })
  assert.throws(run, /killed/)
  mock.mock.restore()
}
