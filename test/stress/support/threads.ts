// Starts the worker threads of a stress test and makes their failures the test's. Host thread only.
import type { TestContext } from 'node:test'
import { Worker, type WorkerOptions } from 'node:worker_threads'

export interface Thread {
  readonly worker: Worker
  /** The exit code; rejects with what the thread threw. */
  readonly exited: Promise<number>
  /** The next message; rejects if the thread throws or ends instead. */
  next(): Promise<unknown>
}

/** Starts `entry` (relative to this folder, as built). The thread does not outlive the test. */
export function startThread(
  t: TestContext,
  entry: string,
  workerData: unknown,
  options: WorkerOptions = {},
): Thread {
  const worker = new Worker(new URL(entry, import.meta.url), { ...options, workerData })
  t.after(() => worker.terminate())
  const messages: unknown[] = []
  const takers: ((message: unknown) => void)[] = []
  worker.on('message', (message) => {
    const take = takers.shift()
    if (take === undefined) messages.push(message)
    else take(message)
  })
  const exited = new Promise<number>((resolve, reject) => {
    worker.once('error', reject)
    worker.once('exit', resolve)
  })
  // Whoever awaits it still gets the rejection; this only keeps a failure from being reported twice.
  exited.catch(() => {})
  const next = async () => {
    if (messages.length > 0) return messages.shift()
    const message = new Promise((resolve) => takers.push(resolve))
    const ended = exited.then((code) => {
      throw new Error(`${entry} ended instead of answering: exitCode=${code}`)
    })
    return Promise.race([message, ended])
  }
  return { worker, exited, next }
}
