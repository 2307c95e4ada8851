// Programs with observers. Usage: node observer-program.js SCENARIO; says what happened as lines of JSON.
import { createRequire } from 'node:module'
import { setTimeout as delay } from 'node:timers/promises'
import { HealthManager } from '../../../src/index.js'
import { ObserverRecord } from '../../observer-record.js'

const FAULTY = new URL('../fixtures/observers/faulty.js', import.meta.url)

function say(what: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

/** Whether a package was loaded as CommonJS in this thread, as Piscina is. */
function isLoaded(name: string): boolean {
  const { cache } = createRequire(import.meta.url)
  return Object.keys(cache).some((path) => path.includes(`/node_modules/${name}/`))
}

const scenarios: Record<string, () => Promise<void>> = {
  async 'function, never stopped'() {
    const health = await HealthManager.start()
    const reporter = health.register('a')
    const record = new ObserverRecord()
    await health.setTransitionObserver(record.observer)
    reporter.healthy('one')
    await record.reached(1)
    say({ told: record.messages, isPiscinaLoaded: isLoaded('piscina') })
  },

  async 'module, never stopped'() {
    const health = await HealthManager.start()
    await health.setTransitionObserver(FAULTY)
    health.register('a').healthy('one')
    await health.flush()
    say({ isPiscinaLoaded: isLoaded('piscina') })
  },

  async 'module, stopped'() {
    const health = await HealthManager.start()
    await health.setTransitionObserver(FAULTY)
    health.register('a').healthy('fine')
    await health.stop()
    say({ resources: process.getActiveResourcesInfo() })
  },

  /** The embedding program's own exit code is kept, whatever the queue worker does at that time. */
  async 'exit while a module hangs'() {
    const health = await HealthManager.start()
    await health.setTransitionObserver(FAULTY)
    health.register('a').healthy('loop')
    while ((await health.stats()).observer.lag === 0) await delay(1)
    process.exit(7)
  },

  /** What a module does to its thread, it does not do to the process. */
  async 'a module that exits'() {
    const health = await HealthManager.start({ restarts: { max: 100 } })
    health.on('error', ({ message }) => say({ error: message }))
    const reporter = health.register('a')
    await health.setTransitionObserver(FAULTY)
    reporter.healthy('exit')
    reporter.degraded('after')
    while ((await health.stats()).observer.delivered < 2) await delay(1)
    await health.stop()
    say({ stopped: true })
  },
}

const scenario = process.argv[2] ?? ''
await scenarios[scenario]?.()
