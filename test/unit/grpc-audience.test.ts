// To whom the gRPC service tells of components, call by call; calls are made by hand, so that peers can be from anywhere.
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { type TestContext, test } from 'node:test'
import { status as Code, Metadata } from '@grpc/grpc-js'
import { HealthError } from '../../src/model/errors.js'
import { AudienceGuard } from '../../src/probe/audience.js'
import { GrpcConnections } from '../../src/probe/grpc-connections.js'
import { GrpcHealth } from '../../src/probe/grpc-health.js'
import { createHealthService } from '../../src/probe/grpc-service.js'
import { WatchHub } from '../../src/probe/grpc-watch.js'
import type { Detail } from '../../src/probe/routes.js'
import { FakeReader } from '../fake-reader.js'
import { FakeWatchSource } from '../fake-watch-source.js'

const TOKEN = 'correct-horse-battery'
const REMOTE = '10.0.0.1:50000'
const LOOPBACKS = ['127.0.0.1:50000', '::1:50000', '::ffff:127.0.0.1:50000']
const REMOTES = [REMOTE, 'fd00::1:50000', '::ffff:10.0.0.1:50000', 'unknown']
const SERVICES = ['main', 'component/main', 'nobody']

interface Failure {
  readonly code: Code
  readonly details: string
}
interface Answer {
  readonly status?: number
  readonly statuses?: Record<string, unknown>
}

class FakeCall extends EventEmitter {
  readonly request: { readonly service: string }
  readonly metadata = new Metadata()
  readonly writableLength = 0
  readonly told: number[] = []
  readonly #peer: string

  constructor(service: string, peer: string, credentials?: string) {
    super()
    this.request = { service }
    this.#peer = peer
    if (credentials !== undefined) this.metadata.set('authorization', credentials)
    this.on('error', () => {})
  }

  getPeer(): string {
    return this.#peer
  }

  write({ status }: { status: number }): void {
    this.told.push(status)
  }
}

type Implementation = (
  call: FakeCall,
  respond?: (failure: Failure | null, answer?: Answer) => void,
) => void

function serve(t: TestContext, detail: Detail) {
  const source = new FakeWatchSource()
  source.register('main')
  source.move('main', 1)
  const hub = new WatchHub(source)
  t.after(() => hub.close())
  const reader = FakeReader.of({ main: [1] })
  const health = new GrpcHealth(reader, () => false)
  const guard = new AudienceGuard({ detail, token: TOKEN })
  const service = createHealthService(health, hub, new GrpcConnections(16), guard)
  const calls = service as unknown as Record<'Check' | 'List' | 'Watch', Implementation>
  const ask = (name: 'Check' | 'List', call: FakeCall) => {
    let given: Failure | Answer | undefined
    calls[name](call, (failure, answer) => {
      given = failure ?? answer
    })
    return given as Partial<Failure & Answer>
  }
  return {
    source,
    hub,
    reader,
    check: (call: FakeCall) => ask('Check', call),
    list: (call: FakeCall) => Object.keys(ask('List', call).statuses ?? {}),
    watch: (call: FakeCall) => {
      calls.Watch(call)
      return call.told
    },
  }
}

type Served = ReturnType<typeof serve>

function assertHidden({ check, list, watch }: Served, peer: string, credentials?: string): void {
  assert.deepEqual(list(new FakeCall('', peer, credentials)), ['', 'liveness', 'readiness'])
  for (const service of SERVICES) {
    assert.equal(check(new FakeCall(service, peer, credentials)).code, Code.NOT_FOUND)
    assert.deepEqual(watch(new FakeCall(service, peer, credentials)), [3])
  }
  for (const service of ['', 'liveness', 'readiness']) {
    assert.equal(check(new FakeCall(service, peer, credentials)).status, 1)
    assert.deepEqual(watch(new FakeCall(service, peer, credentials)).length, 1)
  }
}

function assertShown({ check, list, watch }: Served, peer: string, credentials?: string): void {
  assert.ok(list(new FakeCall('', peer, credentials)).includes('component/main'))
  assert.equal(check(new FakeCall('main', peer, credentials)).status, 1)
  assert.deepEqual(watch(new FakeCall('main', peer, credentials)), [1])
}

test('always: everybody is told of components', (t) => {
  const served = serve(t, 'always')
  for (const peer of [...REMOTES, ...LOOPBACKS]) assertShown(served, peer)
})

test('never: nobody is told of components, wherever from and whatever sent', (t) => {
  const served = serve(t, 'never')
  for (const peer of [...REMOTES, ...LOOPBACKS]) assertHidden(served, peer, `Bearer ${TOKEN}`)
})

test('authorized: loopback is told of components, others are not', (t) => {
  const served = serve(t, 'authorized')
  for (const peer of LOOPBACKS) assertShown(served, peer)
  for (const peer of REMOTES) assertHidden(served, peer)
})

test('authorized: who sends the token is told of components, who sends anything else is not', (t) => {
  const served = serve(t, 'authorized')
  for (const credentials of [`Bearer ${TOKEN}`, `bearer ${TOKEN}`]) {
    assertShown(served, REMOTE, credentials)
  }
  for (const credentials of ['', TOKEN, `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, 'Bearer']) {
    assertHidden(served, REMOTE, credentials)
  }
})

test('a watch of what is hidden stays unknown when it is registered, moves and goes', (t) => {
  const { source, hub, watch } = serve(t, 'never')
  const told = ['main', 'late'].map((service) => watch(new FakeCall(service, REMOTE)))
  source.register('late')
  source.move('late', 1)
  source.move('main', 3)
  hub.round()
  source.deregister('main')
  hub.round()
  hub.close()
  assert.deepEqual(told, [[3], [3]])
})

test('why a read failed is for those who may see details', (t) => {
  for (const [detail, details] of [
    ['always', 'secret'],
    ['never', 'the health runtime cannot be read'],
  ] as const) {
    const { reader, check } = serve(t, detail)
    reader.failure = new HealthError('ERR_HEALTH_UNAVAILABLE', 'secret')
    assert.deepEqual(check(new FakeCall('', REMOTE)), { code: Code.UNAVAILABLE, details })
  }
})
