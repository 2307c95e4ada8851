// Entry of our server's process: the runtime and the probe server in a program whose main loop the bench can block, whose
// producers can saturate the runtime, and whose manager can be killed for good.
import { HealthManager, HealthServer, HealthStatus } from '../src/index.js'
import { terminateManagerForFault } from '../src/runtime/faults.js'
import { COLLECTOR, componentNames, fill, NEVER_APPLIED, startChanging } from './fixtures.js'
import { Producers } from './producers.js'
import { type ServerProgram, takeCommands } from './server-commands.js'
import type { ServerReply } from './server-process.js'

class OurServer implements ServerProgram {
  #health: HealthManager | undefined
  #server: HealthServer | undefined
  #producers: Producers | undefined
  #names: string[] = []
  #calm = () => {}

  readonly also = {
    /** Starts so many producers that report without pause. */
    produce: async (count: number): Promise<ServerReply> => {
      this.#producers = await Producers.start(this.#running(), this.#names.slice(-count))
      return {}
    },
    /** Ends them. */
    hush: async (): Promise<ServerReply> => {
      const told = await this.#producers?.stop()
      this.#producers = undefined
      const counts = await this.also.count()
      return { ...counts, ...(told === undefined ? {} : { told }) }
    },
    count: async (): Promise<ServerReply> => {
      const { transitions, staleReads } = await this.#running().stats()
      return { transitions, staleReads }
    },
    /** Kills the manager, which is not restarted, and reports what nobody will apply: the reads wait for it in vain. */
    kill: async (): Promise<ServerReply> => {
      const health = this.#running()
      const givenUp = new Promise((resolve) => health.on('error', resolve))
      await terminateManagerForFault(health)
      await givenUp
      health.updateStatus(COLLECTOR, HealthStatus.Unhealthy, NEVER_APPLIED)
      return {}
    },
  }

  async serve(count: number): Promise<ServerReply> {
    await this.rest()
    this.#names = componentNames(count)
    this.#health = await HealthManager.start({ restarts: { max: 0 } })
    fill(this.#health, this.#names)
    await this.#health.flush()
    this.#server = new HealthServer(this.#health, { host: '127.0.0.1', port: 0 })
    const { port, transport } = await this.#server.start()
    return { port, transport }
  }

  change(everyMs: number): void {
    this.#calm()
    this.#calm = startChanging(this.#running(), this.#names, everyMs)
  }

  async rest(): Promise<ServerReply> {
    if (this.#health === undefined) return {}
    this.#calm()
    await this.#producers?.stop()
    this.#producers = undefined
    const { staleReads } = await this.#health.stats()
    // The server first: uWebSockets.js must not be open when this process ends.
    await this.#server?.stop()
    await this.#health.stop()
    this.#health = undefined
    return { staleReads }
  }

  #running(): HealthManager {
    if (this.#health === undefined) throw new Error('nothing is served')
    return this.#health
  }
}

await takeCommands(new OurServer())
