// What the peers' processes have in common: the components in a plain Map on the main loop, and a server of node:http that
// the peer has made, listening on a free port.
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { componentNames, fill, startChanging } from '../fixtures.js'
import { type ServerProgram, takeCommands } from '../server-commands.js'
import type { ServerReply } from '../server-process.js'
import { PlainHealthManager } from './plain-map.js'

export interface Listening {
  readonly server: Server
  /** Where closing the server is not all there is to close. */
  readonly close?: () => Promise<void>
}

/** Makes a server that listens and answers for the manager. */
export type Listen = (manager: PlainHealthManager) => Promise<Listening>

class PlainServer implements ServerProgram {
  readonly #listen: Listen
  #manager = new PlainHealthManager()
  #names: string[] = []
  #listening: Listening | undefined
  #calm = () => {}

  constructor(listen: Listen) {
    this.#listen = listen
  }

  async serve(count: number): Promise<ServerReply> {
    await this.rest()
    this.#manager = new PlainHealthManager()
    this.#names = componentNames(count)
    fill(this.#manager, this.#names)
    this.#listening = await this.#listen(this.#manager)
    return { port: (this.#listening.server.address() as AddressInfo).port }
  }

  change(everyMs: number): void {
    this.#calm()
    this.#calm = startChanging(this.#manager, this.#names, everyMs)
  }

  async rest(): Promise<ServerReply> {
    this.#calm()
    const listening = this.#listening
    this.#listening = undefined
    if (listening === undefined) return {}
    const { server } = listening
    const closed =
      listening.close?.() ?? new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await closed
    return {}
  }
}

/** The whole of a peer's entry but its own way to listen. */
export async function servePlain(listen: Listen): Promise<never> {
  return takeCommands(new PlainServer(listen))
}

/** Has a server listen on a free port of the loopback. */
export async function listenOnLoopback(server: Server): Promise<Listening> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { server }
}
