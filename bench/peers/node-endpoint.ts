// Comlink's adapter for Node.js ports. It is a CommonJS module whose types promise a `default` that its exports
// do not have, hence the cast.
import adapter from 'comlink/dist/umd/node-adapter.js'

export const nodeEndpoint = adapter as unknown as (typeof adapter)['default']
