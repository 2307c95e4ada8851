// Entry of the @fastify/under-pressure peer's process: its status route with a health check that returns the components,
// written by the schema that fastify compiles for them. It watches the loop's delay with its documentation's limit.
import { fastifyUnderPressure } from '@fastify/under-pressure'
import { fastify } from 'fastify'
import { servePlain } from './plain-server.js'

const text = { type: 'string' }
const component = {
  type: 'object',
  properties: {
    status: text,
    message: text,
    metadata: { type: 'object', additionalProperties: text },
  },
}

await servePlain(async (manager) => {
  const app = fastify()
  await app.register(fastifyUnderPressure, {
    maxEventLoopDelay: 1000,
    exposeStatusRoute: {
      url: '/healthz',
      routeOpts: {},
      routeResponseSchemaOpts: { components: { type: 'object', additionalProperties: component } },
    },
    healthCheck: async () => ({ ...manager.liveness().answer }),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return { server: app.server, close: () => app.close() }
})
