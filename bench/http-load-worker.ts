// Entry of the built-in load generator's worker.
import { performance } from 'node:perf_hooks'
import { parentPort } from 'node:worker_threads'
import { ProbeClient } from './http-client.js'
import type { Load, LoadOrder } from './http-load.js'

async function load({ port, path, connections, durationMs }: LoadOrder): Promise<Load> {
  const clients = await Promise.all(
    Array.from({ length: connections }, () => ProbeClient.open(port, path)),
  )
  let answered = 0
  const before = performance.eventLoopUtilization()
  const started = performance.now()
  const request = async (client: ProbeClient) => {
    while (performance.now() - started < durationMs) {
      const code = await client.get()
      if (code !== 200) throw new Error(`the server answered with code=${code} path=${path}`)
      answered += 1
    }
  }
  try {
    await Promise.all(clients.map(request))
  } finally {
    for (const client of clients) client.close()
  }
  const seconds = (performance.now() - started) / 1000
  const { utilization } = performance.eventLoopUtilization(before)
  return { requestsPerSecond: answered / seconds, busyShare: utilization }
}

parentPort?.on('message', async (order: LoadOrder) => {
  parentPort?.postMessage(await load(order))
})
