import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Incident } from '../../src/evidence/incident.js'
import { lastWords, TERMINATION_LOG_BYTES, wholeIncident } from '../../src/evidence/last-words.js'

const at = new Date(Date.UTC(2026, 0, 31)).toISOString()

const transition = (number: number, message = 'gone') => ({
  number,
  at,
  component: 'collector_manager',
  from: 'healthy',
  to: 'unhealthy',
  message,
  metadata: { key: 'value' },
})

function incidentOf(given: Partial<Incident> = {}): Incident {
  return {
    kind: 'wedge',
    culprit: 'event_loop is unhealthy: stuck',
    at,
    pid: 1,
    liveness: { status: 'unhealthy', error: 'collector_manager is unhealthy: gone' },
    readiness: { status: 'ready' },
    suppressed: [],
    breadcrumbs: [],
    components: [],
    transitions: [transition(2), transition(1)],
    ...given,
  }
}

const parse = (incident: Incident) => JSON.parse(lastWords(incident))

test('last words are one line of JSON, with what matters most at its beginning', () => {
  const words = lastWords(incidentOf())
  assert.match(words, /^[^\n]*\n$/)
  const { metadata: _, ...shown } = transition(2)
  assert.deepEqual(Object.entries(JSON.parse(words)), [
    ['kind', 'wedge'],
    ['at', at],
    ['pid', 1],
    ['culprit', 'event_loop is unhealthy: stuck'],
    ['liveness', { status: 'unhealthy', error: 'collector_manager is unhealthy: gone' }],
    ['readiness', { status: 'ready' }],
    ['transitions', [shown, { ...shown, number: 1 }]],
  ])
})

test('last words tell what kubelets were told, who suppresses, what threads are at and who is unwell', () => {
  const breadcrumbs = [{ threadId: 0, text: 'parse batch', forMs: 12_340 }]
  const { probes, suppressed, components, exitCode, ...rest } = parse(
    incidentOf({
      exitCode: 3,
      probes: {
        answered: 9,
        failuresInARow: { liveness: 3, readiness: 0, startup: 0 },
        lastFailure: {
          at: Date.parse(at),
          path: '/livez',
          code: 503,
          client: '10.0.0.1',
          userAgent: 'kube-probe/1.30',
          reason: 'why',
          latencyUs: 12,
        },
      },
      suppressed: [{ check: 'liveness', owner: 'a', reason: 'b', remainingMs: 5 }],
      breadcrumbs,
      components: [{ component: 'a', status: 'unhealthy', message: 'm', metadata: {}, since: at }],
    }),
  )
  assert.equal(exitCode, 3)
  assert.deepEqual(rest.breadcrumbs, breadcrumbs)
  assert.deepEqual(probes, {
    answered: 9,
    failuresInARow: { liveness: 3, readiness: 0, startup: 0 },
    lastFailure: { at, reason: 'why' },
  })
  assert.deepEqual(suppressed, [{ check: 'liveness', owner: 'a', reason: 'b', remainingMs: 5 }])
  assert.deepEqual(components, [{ component: 'a', status: 'unhealthy', message: 'm', since: at }])
})

for (const [what, text] of [
  ['long texts', 'é'.repeat(30_000)],
  ['texts that JSON makes longer', '\u0001'.repeat(1_000)],
] as const) {
  test(`last words fit in what a kubelet shows, with ${what}`, () => {
    const component = {
      component: 'c',
      status: 'unhealthy',
      message: text,
      metadata: {},
      since: at,
    }
    const words = lastWords(
      incidentOf({
        culprit: text,
        stack: text,
        liveness: { status: 'unhealthy', error: text },
        readiness: { status: 'not ready', error: text },
        suppressed: [{ check: 'liveness', owner: text, reason: text, remainingMs: 5 }],
        breadcrumbs: Array.from({ length: 1_000 }, (_, threadId) => ({
          threadId,
          text: 'x'.repeat(64),
          forMs: 5,
        })),
        components: Array.from({ length: 100 }, () => component),
        transitions: Array.from({ length: 50 }, (_, i) => transition(50 - i, text)),
      }),
    )
    assert.ok(Buffer.byteLength(words) <= TERMINATION_LOG_BYTES)
    assert.equal(JSON.parse(words).kind, 'wedge')
  })
}

test('the newest transitions are shown, and how many are not', () => {
  const transitions = Array.from({ length: 50 }, (_, i) => transition(50 - i))
  const words = lastWords(incidentOf({ transitions }))
  assert.ok(Buffer.byteLength(words) <= TERMINATION_LOG_BYTES)
  const shown = JSON.parse(words)
  const numbers = shown.transitions.map(({ number }: { number: number }) => number)
  assert.ok(numbers.length >= 15)
  assert.deepEqual(
    numbers,
    numbers.map((_: unknown, i: number) => 50 - i),
  )
  assert.equal(shown.transitionsOmitted, 50 - numbers.length)
})

test('the whole incident has every text and the metadata', () => {
  const message = 'x'.repeat(10_000)
  const incident = incidentOf({ stack: 'Error\n at a', transitions: [transition(1, message)] })
  assert.deepEqual(JSON.parse(wholeIncident(incident)), incident)
})
