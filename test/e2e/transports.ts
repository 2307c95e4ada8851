// The transports that load here. Where uWebSockets.js does not, its contract test says so.
import type { Transport } from '../../src/probe/choose-listener.js'
import { loadUws } from '../../src/probe/uws-listener.js'

const canLoadUws = await loadUws().then(
  () => true,
  () => false,
)

export const transports: readonly Transport[] = canLoadUws ? ['uws', 'node'] : ['node']
