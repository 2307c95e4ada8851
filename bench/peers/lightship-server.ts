// Entry of the lightship peer's process. It answers one of three texts of its own, whatever the components are: what is
// timed is fastify and the look at a flag. It can be told a port, but no address: it listens on all of them.
import { createLightship } from 'lightship'
import { servePlain } from './plain-server.js'

await servePlain(async () => {
  const lightship = await createLightship({ port: 0, detectKubernetes: false, signals: [] })
  lightship.signalReady()
  return { server: lightship.server }
})
