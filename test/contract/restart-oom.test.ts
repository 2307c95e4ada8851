// Whether the instance before this one was OOM-killed: each rule of the reference, through the real client.
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { HealthError, HealthManager, HealthStatus } from '../../src/index.js'
import { RestartOomDetector, type RestartOomDetectorOptions } from '../../src/kubernetes/index.js'
import { type Fault, KubernetesApi } from './support/kubernetes-api.js'
import { pod } from './support/kubernetes-objects.js'
import { recordingLogger } from './support/node-operator.js'

const OOM_KILLED = { reason: 'OOMKilled', exitCode: 137, finishedAt: '2026-03-01T12:00:00Z' }
const restarted = (terminated: object | undefined, name = 'manager') => ({
  name,
  restartCount: 4,
  lastState: terminated === undefined ? {} : { terminated },
})

interface Check {
  containerStatuses?: object[]
  options?: RestartOomDetectorOptions
  faults?: Fault[]
}

/** One check of a Pod; what was logged, and the component where there is a manager. */
async function check(t: TestContext, { containerStatuses, options, faults = [] }: Check) {
  const object = pod({
    name: 'me',
    namespace: 'mine',
    ...(containerStatuses && { containerStatuses }),
  })
  const api = await KubernetesApi.start(t, [object])
  api.faults.push(...faults)
  const { lines, logger } = recordingLogger()
  const detector = new RestartOomDetector({
    kubeConfig: api.kubeConfig(),
    namespace: 'mine',
    podName: 'me',
    logger,
    ...options,
  })
  await detector.check()
  return { lines, requests: api.requests.map(({ method, path }) => `${method} ${path}`) }
}

const FIELDS = {
  source: 'RestartOOMDetector',
  container_name: 'manager',
  reason: 'OOMKilled',
  exit_code: '137',
  finished_at: '2026-03-01T12:00:00Z',
  restart_count: '4',
}

test('an OOM kill of the previous instance is an error in the log, by one request', async (t) => {
  const containerStatuses = [restarted(undefined, 'proxy'), restarted(OOM_KILLED)]
  const options = { containerName: 'manager', version: '0.1.7' }
  const { lines, requests } = await check(t, { containerStatuses, options })
  assert.deepEqual(lines, [
    ['error', 'Previous instance was OOM-killed', { ...FIELDS, version: '0.1.7' }],
  ])
  assert.deepEqual(requests, ['GET /api/v1/namespaces/mine/pods/me'])
})

test('without a reason the exit code tells; a time that is missing is Go’s zero time', async (t) => {
  const { lines } = await check(t, { containerStatuses: [restarted({ exitCode: 137 })] })
  assert.deepEqual(lines, [
    [
      'error',
      'Previous instance was OOM-killed',
      { ...FIELDS, reason: '', finished_at: '0001-01-01T00:00:00Z' },
    ],
  ])
})

test('OOMKilled counts whatever the exit code', async (t) => {
  const { lines } = await check(t, {
    containerStatuses: [restarted({ ...OOM_KILLED, exitCode: 1 })],
  })
  assert.equal(lines[0]?.[2]['exit_code'], '1')
})

const NOT_KILLED = [
  { name: 'it has never ended', containerStatuses: [restarted(undefined)] },
  {
    name: 'it ended by itself',
    containerStatuses: [restarted({ reason: 'Completed', exitCode: 0 })],
  },
  {
    name: 'it was killed by somebody else',
    containerStatuses: [restarted({ reason: 'Error', exitCode: 137 })],
  },
  { name: 'it gave another code and no reason', containerStatuses: [restarted({ exitCode: 143 })] },
  {
    name: 'another container was',
    containerStatuses: [restarted(undefined), restarted(OOM_KILLED, 'proxy')],
    options: { containerName: 'manager' },
  },
]

for (const { name, ...what } of NOT_KILLED) {
  test(`no OOM kill: ${name}`, async (t) => {
    const health = await startRuntime(t)
    const { lines } = await check(t, { ...what, options: { ...what.options, manager: health } })
    assert.deepEqual(lines, [])
    const { status, message } = health.getStatus('restart_oom')!
    assert.deepEqual(
      [status, message],
      [HealthStatus.Healthy, 'Previous instance was not OOM-killed'],
    )
  })
}

const NOT_KNOWN: readonly (Check & { name: string; why: RegExp })[] = [
  {
    name: 'no namespace',
    options: { namespace: '' },
    why: /^POD_NAMESPACE and POD_NAME are not both set$/,
  },
  {
    name: 'no name',
    options: { podName: '' },
    why: /^POD_NAMESPACE and POD_NAME are not both set$/,
  },
  {
    name: 'no such Pod',
    options: { podName: 'other' },
    why: /^the Pod could not be read: status=404 reason="NotFound"/,
  },
  {
    name: 'no right to',
    faults: [{ kind: 'status', status: 403 }],
    why: /: status=403 reason="Forbidden"/,
  },
  { name: 'a reset', faults: [{ kind: 'reset', after: 'request' }], why: /: error=ECONNRESET$/ },
  {
    name: 'no answer in time',
    faults: [{ kind: 'hang', after: 'request' }],
    options: { requestTimeoutMs: 100 },
    why: /: no answer within 100 ms$/,
  },
  {
    name: 'an answer that is no Pod',
    faults: [{ kind: 'body', type: 'application/json', body: '{"kind":"Status"}' }],
    why: /: error="the answer is no Pod"$/,
  },
  { name: 'no statuses of containers', why: /^the container was not found in its Pod$/ },
  {
    name: 'no container of that name',
    containerStatuses: [restarted(OOM_KILLED)],
    options: { containerName: 'other' },
    why: /^the container was not found in its Pod$/,
  },
  {
    name: 'several containers and no name',
    containerStatuses: [restarted(OOM_KILLED), restarted(OOM_KILLED, 'proxy')],
    why: /^the container was not found in its Pod$/,
  },
]

for (const { name, why, ...what } of NOT_KNOWN) {
  test(`${name}: nothing is reported, and the component stays unspecified and says why`, async (t) => {
    const health = await startRuntime(t)
    const { lines } = await check(t, { ...what, options: { ...what.options, manager: health } })
    assert.deepEqual(
      lines.map(([level, message]) => [level, message]),
      [['debug', 'whether the previous instance was OOM-killed is not known']],
    )
    const { status, message } = health.getStatus('restart_oom')!
    assert.equal(status, HealthStatus.Unspecified)
    assert.match(message, why)
    assert.equal(lines[0]?.[2]['why'], message)
  })
}

test('a component is marked when asked to: degraded, which fails no verdict', async (t) => {
  const health = await startRuntime(t)
  const options = { manager: health, component: 'last_run' }
  await check(t, { containerStatuses: [restarted(OOM_KILLED)], options })
  const { status, message, metadata } = health.getStatus('last_run')!
  const { source: _, ...fields } = FIELDS
  assert.deepEqual(
    [status, message, { ...metadata }],
    [HealthStatus.Degraded, 'Previous instance was OOM-killed', fields],
  )
  assert.equal(health.livenessCheck(), undefined)
})

test('the component is registered at once', async (t) => {
  const health = await startRuntime(t)
  new RestartOomDetector({ manager: health, namespace: '', podName: '' })
  assert.equal(health.getStatus('restart_oom')?.status, HealthStatus.Unspecified)
})

test('namespace and name come from the environment', async (t) => {
  const { POD_NAMESPACE, POD_NAME } = process.env
  t.after(() => {
    for (const [name, value] of Object.entries({ POD_NAMESPACE, POD_NAME })) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  })
  process.env['POD_NAMESPACE'] = 'mine'
  process.env['POD_NAME'] = 'me'
  const api = await KubernetesApi.start(t, [pod({ name: 'me', namespace: 'mine' })])
  await new RestartOomDetector({ kubeConfig: api.kubeConfig() }).check()
  assert.deepEqual(
    api.requests.map(({ path }) => path),
    ['/api/v1/namespaces/mine/pods/me'],
  )
})

test('a check ends with its signal, and with a stopped runtime, and rejects for neither', async (t) => {
  const api = await KubernetesApi.start(t, [
    pod({ name: 'me', namespace: 'mine', containerStatuses: [restarted(OOM_KILLED)] }),
  ])
  const health = await HealthManager.start()
  const { lines, logger } = recordingLogger()
  const detector = new RestartOomDetector({
    kubeConfig: api.kubeConfig(),
    namespace: 'mine',
    podName: 'me',
    logger,
    manager: health,
  })
  const controller = new AbortController()
  api.faults.push({ kind: 'hang', after: 'request' })
  const checking = detector.check(controller.signal)
  await api.nextRequest()
  controller.abort()
  await checking
  assert.deepEqual(lines, [])
  await health.stop()
  await detector.check()
  assert.equal(lines[0]?.[0], 'error', 'the line is there all the same')
})

test('a logger that throws is told of, and costs nothing else', async (t) => {
  const health = await startRuntime(t)
  const fail = () => {
    throw new Error('disk full')
  }
  const warning = new Promise<Error>((resolve) => process.once('warning', resolve))
  await check(t, {
    containerStatuses: [restarted(OOM_KILLED)],
    options: { manager: health, logger: { debug: fail, info: fail, error: fail } },
  })
  assert.equal(health.getStatus('restart_oom')?.status, HealthStatus.Degraded)
  assert.equal((await warning).message, 'the logger of a RestartOOMDetector threw: disk full')
})

test('bad options are refused at once', async () => {
  const refused = (options: unknown, message: RegExp) =>
    assert.throws(
      () => new RestartOomDetector(options as RestartOomDetectorOptions),
      (error) => {
        assert.ok(error instanceof HealthError)
        assert.equal(error.code, 'ERR_HEALTH_ARGUMENT')
        assert.match(error.message, message)
        return true
      },
    )
  refused({ podname: 'x' }, /^options="podname": must be one of /)
  refused({ podName: 1 }, /^podName=1: must be a string$/)
  refused({ containerName: '' }, /^containerName="": must be a string that is not empty$/)
  refused({ manager: {} }, /^manager=an object: must be a HealthManager$/)
  refused({ component: '' }, /^component="": /)
  refused(
    { logger: { error() {} } },
    /^logger=an object: must have the methods debug, info, error$/,
  )
  const check = new RestartOomDetector().check('now' as unknown as AbortSignal)
  await assert.rejects(check, { code: 'ERR_HEALTH_ARGUMENT' })
})

async function startRuntime(t: TestContext): Promise<HealthManager> {
  const health = await HealthManager.start()
  t.after(() => health.stop())
  return health
}
