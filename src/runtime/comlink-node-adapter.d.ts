// Comlink ships this module without types that NodeNext finds (there is a .d.ts, but no .d.mts, beside it).
// To be removed when it does.
declare module 'comlink/dist/esm/node-adapter.mjs' {
  import type { MessagePort } from 'node:worker_threads'
  import type { Endpoint } from 'comlink'
  export default function nodeEndpoint(port: MessagePort): Endpoint
}
