// The embedding programs of the lifecycle tests. Usage: node lifecycle-program.js SCENARIO; says what happened
// as lines of JSON. No scenario calls process.exit: how a process ends is what is tested.
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { HealthManager } from '../../../src/index.js'
import { terminateManagerForFault } from '../../../src/runtime/faults.js'
import { outcomesOfEverything, useEverything } from './outcomes.js'

function say(what: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(what)}\n`)
}

async function startWorker(health: HealthManager, name: string): Promise<Worker> {
  const worker = new Worker(new URL('./lifecycle-worker.js', import.meta.url), {
    workerData: { handle: health.handle(), name },
  })
  await once(worker, 'message')
  return worker
}

async function ask(worker: Worker, order: string): Promise<unknown> {
  worker.postMessage(order)
  const [answer] = await once(worker, 'message')
  return answer
}

/** What this process uses of a core from now on, for so long. */
async function percentOfCore(durationMs: number): Promise<number> {
  const before = process.cpuUsage()
  const from = performance.now()
  await delay(durationMs)
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 10 / (performance.now() - from)
}

const scenarios: Record<string, () => Promise<void>> = {
  async stop() {
    const health = await HealthManager.start()
    health.register('monitor').healthy('fine')
    const worker = await startWorker(health, 'worker')
    await ask(worker, 'report')
    worker.postMessage('end')
    await once(worker, 'exit')
    say({ components: health.buildReport().size })
    await health.stop()
    say({ resources: process.getActiveResourcesInfo() })
  },

  async 'never-stop'() {
    const health = await HealthManager.start()
    health.register('monitor').healthy('fine')
    say({ message: health.getStatus('monitor')?.message })
  },

  async 'stop-twice'() {
    const health = await HealthManager.start()
    await Promise.all([health.stop(), health.stop()])
    await health.stop()
    await health[Symbol.asyncDispose]()
    say({ stopped: true })
  },

  async 'after-stop'() {
    const health = await HealthManager.start()
    const reporter = health.register('monitor')
    const handle = health.handle()
    const worker = await startWorker(health, 'worker')
    useEverything(health, reporter)
    await ask(worker, 'use everything')
    await health.stop()
    say({ host: await outcomesOfEverything(health, reporter) })
    say({ worker: await ask(worker, 'try everything') })
    try {
      HealthManager.attach(handle)
      say({ attach: 'none' })
    } catch (error) {
      say({ attach: (error as { code?: string }).code })
    }
    worker.postMessage('end')
  },

  async detach() {
    const health = await HealthManager.start({ maxThreads: 8 })
    // Three times as many threads as there is room for, one after the other.
    for (let i = 0; i < 24; i++) {
      const worker = await startWorker(health, `worker-${i}`)
      await ask(worker, 'use everything')
      await ask(worker, 'detach')
      if (i === 0) say({ worker: await ask(worker, 'try everything') })
      worker.postMessage('end')
      await once(worker, 'exit')
    }
    const reports = [...health.buildReport().values()]
    say({ healthy: reports.filter(({ status }) => status === 1).length })
    await health.stop()
  },

  async 'end-without-stop'() {
    const health = await HealthManager.start({ maxThreads: 4 })
    for (let i = 0; i < 12; i++) {
      const worker = await startWorker(health, `worker-${i}`)
      await ask(worker, 'report')
      worker.on('error', () => {})
      worker.postMessage(i % 2 === 0 ? 'end' : 'throw, as this is no order')
      await new Promise((resolve) => worker.once('exit', resolve))
    }
    const reports = [...health.buildReport().values()]
    say({ healthy: reports.filter(({ status }) => status === 1).length })
    await health.stop()
  },

  async 'crash-loop'() {
    const health = await HealthManager.start({
      restarts: { max: 3, withinMs: 60_000 },
      publishTimeoutMs: 200,
      readTimeoutMs: 50,
    })
    const reporter = health.register('monitor')
    reporter.healthy('before')
    await health.flush()
    let restarts = 0
    health.on('restart', () => {
      restarts++
      terminateManagerForFault(health)
    })
    const gaveUp = new Promise<Error>((resolve) => health.on('error', resolve))
    terminateManagerForFault(health)
    const error = await gaveUp
    const { actors } = await health.stats()
    say({ restarts, code: (error as { code?: string }).code, actors })
    const from = performance.now()
    const message = health.getStatus('monitor')?.message
    say({ message, tookMs: performance.now() - from })
    await health.stop()
    say({ stopped: true })
  },

  async 'many-workers'() {
    const health = await HealthManager.start()
    const names = Array.from({ length: 64 }, (_, i) => `worker-${i}`)
    const workers = await Promise.all(names.map((name) => startWorker(health, name)))
    await Promise.all(workers.map((worker) => ask(worker, 'report')))
    const report = health.buildReport()
    say({
      attached: (await health.stats()).mailboxes.length,
      right: names.filter((name, i) => {
        const { status, message, metadata } = report.get(name) ?? {}
        const expected = `thread ${workers[i]!.threadId}`
        return status === 1 && message === expected && metadata?.['name'] === name
      }).length,
    })
    for (const worker of workers) worker.postMessage('end')
    await Promise.all(workers.map((worker) => once(worker, 'exit')))
    await health.stop()
  },

  async idle() {
    const health = await HealthManager.start()
    for (let i = 0; i < 100; i++) health.register(`component-${i}`).healthy('fine')
    await health.flush()
    // The start-up's own work (compilation, collection) is not the idle runtime's. One that never rests is measured.
    for (let window = 0; window < 50 && (await percentOfCore(200)) > 0.5; window++) {}
    say({ percent: await percentOfCore(5000) })
    await health.stop()
  },
}

const scenario = scenarios[process.argv[2] ?? '']
if (scenario === undefined) throw new Error(`scenario=${process.argv[2]}: unknown`)
await scenario()
