// Entry of the node:http peer's process.
import { listenWithNodeHttp } from './node-http.js'
import { servePlain } from './plain-server.js'

await servePlain(listenWithNodeHttp)
