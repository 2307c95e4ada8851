// Entry of the built-in load generator's worker.
import { performance } from 'node:perf_hooks'
import { parentPort } from 'node:worker_threads'
import { ProbeClient } from './http-client.js'
import type { Load, LoadOrder, Refusal } from './http-load.js'

async function load({ port, path, connections, durationMs }: LoadOrder): Promise<Load | Refusal> {
  const clients = await Promise.all(
    Array.from({ length: connections }, () => ProbeClient.open(port, path)),
  )
  let answered = 0
  let refused: string | undefined
  const before = performance.eventLoopUtilization()
  const started = performance.now()
  const request = async (client: ProbeClient) => {
    while (refused === undefined && performance.now() - started < durationMs) {
      const code = await client.get()
      if (code === 200) answered += 1
      else refused = `refused the load: code=${code} path=${path}`
    }
  }
  try {
    await Promise.all(clients.map(request))
  } finally {
    for (const client of clients) client.close()
  }
  if (refused !== undefined) return { refused }
  const seconds = (performance.now() - started) / 1000
  const { utilization } = performance.eventLoopUtilization(before)
  return { requestsPerSecond: answered / seconds, busyShare: utilization }
}

parentPort?.on('message', async (order: LoadOrder) => {
  parentPort?.postMessage(await load(order))
})
