// Ties a worker's life to the runtime: its mailboxes are freed when it is gone, however it went.
import { Worker } from 'node:worker_threads'
import type { Region } from '../memory/region.js'
import { checkName, readArgument, readOptions } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'
import { abandonMailboxesOf } from './mailbox-claims.js'

/** `onExit` is told of a worker that was adopted for a component. @throws HealthError `ERR_HEALTH_ARGUMENT` */
export function adoptWorker(
  worker: Worker,
  options: { component?: string },
  region: Region,
  onExit: (component: string, exitCode: number) => void,
): void {
  const isWorker = readArgument('worker', worker, () => worker instanceof Worker)
  if (!isWorker) throw argumentError('worker', worker, 'must be a Worker')
  const { component } = readOptions(options, 'options', ['component'])
  if (component !== undefined) checkName(component, 'component')
  // It is -1 once the worker has exited.
  const { threadId } = worker
  if (threadId === -1) throw argumentError('worker.threadId', -1, 'the worker has exited already')
  worker.once('exit', (exitCode) => {
    abandonMailboxesOf(region, threadId)
    if (component !== undefined) onExit(component, exitCode)
  })
}
