// An observer for the queue worker that takes 50 ms for each transition.
import { setTimeout as delay } from 'node:timers/promises'

export default async function observe(): Promise<void> {
  await delay(50)
}
