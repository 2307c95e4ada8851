// Starts the collectors, restarts those that die, and tells how that goes as `collector_manager`. Main thread.
//
// A restart is not a reason to kill the whole program, so liveness is suppressed while one is under way, but only for a
// bounded time: collectors that can't be brought back must fail liveness in the end. On the way back the status is
// told before the suppression is lifted; the other way round, a probe in between would see the old, unhealthy one.
import type { Suppressions, Voice } from './telling.js'

/** From the first failure on, if it takes that long until all collectors run again. */
export const RESTART_SUPPRESSION_MS = 60_000
/** A failure this soon after a recovery belongs to the same outage: dying again and again is not being alive. */
const STABLE_MS = 30_000
const FIRST_RESTART_DELAY_MS = 1_000
const MAX_RESTART_DELAY_MS = 10_000
/** Generous: many threads that start at once on few cores keep each other waiting. */
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 2_000
const OWNER = 'collection-manager'

/** One life of a collector's thread. */
export interface CollectorThread {
  /** Resolves once it collects; rejects if it does not come to that. */
  readonly ready: Promise<void>
  /** Resolves with the exit code, whyever it ended. */
  readonly exited: Promise<number>
  requestStop(): void
  /** For the fault `hang-collector`: lets it do nothing at all for that long. */
  hang(durationMs: number): void
  terminate(): Promise<unknown>
}

export interface CollectionManagerOptions {
  readonly names: readonly string[]
  readonly launch: (name: string) => CollectorThread
  readonly health: Suppressions
  readonly voice: Voice
  readonly log: (line: string) => void
}

interface Member {
  readonly name: string
  state: 'starting' | 'running' | 'stopped' | 'failed'
  thread: CollectorThread | undefined
  restartDelayMs: number
  runningSinceMs: number
  timer: NodeJS.Timeout | undefined
}

export class CollectionManager {
  readonly #options: CollectionManagerOptions
  readonly #members: readonly Member[]
  #isStopping = false
  #isReady = false
  #isSuppressing = false
  #outageStartMs = Number.NEGATIVE_INFINITY
  #recoveredMs = Number.NEGATIVE_INFINITY

  constructor(options: CollectionManagerOptions) {
    this.#options = options
    this.#members = options.names.map((name) => ({
      name,
      state: 'stopped',
      thread: undefined,
      restartDelayMs: FIRST_RESTART_DELAY_MS,
      runningSinceMs: 0,
      timer: undefined,
    }))
  }

  get runningCount(): number {
    return this.#members.filter(({ state }) => state === 'running').length
  }

  /** Resolves when each collector runs, or has failed for the first time; failed ones are tried again later. */
  async start(): Promise<void> {
    await Promise.all(this.#members.map((member) => this.#launch(member)))
  }

  /** For the fault `kill-collector`: ends the first collector that runs, at any instruction. Its name, if there is one. */
  killOne(): string | undefined {
    const member = this.#members.find(({ state }) => state === 'running')
    member?.thread?.terminate()
    return member?.name
  }

  /** For the fault `hang-collector`: as above, but the thread hangs. */
  hangOne(durationMs: number): string | undefined {
    const member = this.#members.find(({ state }) => state === 'running')
    member?.thread?.hang(durationMs)
    return member?.name
  }

  /** Asks all collectors to end, and ends those that don't. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#members.map((member) => this.#stopMember(member)))
    this.#options.voice.unhealthy('All collectors stopped')
  }

  /** Never rejects. Each life that was begun here ends in one `#noteEnd`, and so in one restart. */
  async #launch(member: Member): Promise<void> {
    member.state = 'starting'
    let thread: CollectorThread
    try {
      thread = this.#options.launch(member.name)
    } catch (error) {
      this.#logFailure(member, error as Error)
      this.#noteEnd(member, 'got no thread')
      return
    }
    member.thread = thread
    thread.exited.then((code) => this.#noteEnd(member, `exited with code ${code}`))
    try {
      await readyInTime(thread)
    } catch (error) {
      this.#logFailure(member, error as Error)
      await thread.terminate()
      return
    }
    // It may have got ready and ended in one turn: its end was noted then.
    if (member.thread !== thread) return
    member.state = 'running'
    member.runningSinceMs = performance.now()
    this.#settle()
  }

  #logFailure(member: Member, error: Error): void {
    // Who is stopped while it starts has not failed.
    if (this.#isStopping) return
    this.#options.log(`collector ${member.name} failed to start: ${error.message}`)
  }

  #noteEnd(member: Member, how: string): void {
    const nowMs = performance.now()
    const wasRunning = member.state === 'running'
    member.thread = undefined
    member.state = wasRunning ? 'stopped' : 'failed'
    if (this.#isStopping) return
    if (wasRunning && nowMs - member.runningSinceMs >= STABLE_MS) {
      member.restartDelayMs = FIRST_RESTART_DELAY_MS
    }
    const delayMs = member.restartDelayMs
    member.restartDelayMs = Math.min(delayMs * 2, MAX_RESTART_DELAY_MS)
    this.#options.log(`collector ${member.name} ${how}, restarting in ${delayMs / 1000} s`)
    this.#suppressForOutage(member.name, nowMs)
    this.#settle()
    member.timer = setTimeout(() => this.#launch(member), delayMs)
  }

  #suppressForOutage(name: string, nowMs: number): void {
    if (!this.#isSuppressing && nowMs - this.#recoveredMs >= STABLE_MS) this.#outageStartMs = nowMs
    const leftMs = this.#outageStartMs + RESTART_SUPPRESSION_MS - nowMs
    if (this.#isSuppressing || leftMs <= 0) return
    this.#isSuppressing = true
    this.#options.health.suppressLiveness(leftMs, {
      owner: OWNER,
      reason: `restarting collector ${name}`,
    })
  }

  /** Tells what the members add up to. */
  #settle(): void {
    if (this.#isStopping) return
    const { voice } = this.#options
    const count = this.runningCount
    const down = this.#members.find(({ state }) => state === 'failed' || state === 'stopped')
    const isStartingUp = !this.#isReady && this.#members.some(({ state }) => state === 'starting')
    if (count === this.#members.length) {
      voice.healthy(`${count} collectors started`, { collector_count: String(count) })
      this.#noteRecovery()
    } else if (count === 0 && !isStartingUp) {
      voice.unhealthy('All collectors stopped')
    } else if (down !== undefined) {
      const what = down.state === 'failed' ? 'failed to start' : 'stopped, restarting'
      voice.degraded(`collector ${down.name} ${what}`, { failed_collector: down.name })
    }
  }

  #noteRecovery(): void {
    const { health } = this.#options
    if (this.#isSuppressing) {
      this.#isSuppressing = false
      this.#recoveredMs = performance.now()
      health.clearLivenessSuppression()
    }
    if (!this.#isReady) {
      this.#isReady = true
      health.clearReadinessSuppression()
    }
  }

  async #stopMember(member: Member): Promise<void> {
    clearTimeout(member.timer)
    const { thread } = member
    if (thread === undefined) return
    thread.requestStop()
    const deadline = setTimeout(() => thread.terminate(), STOP_TIMEOUT_MS)
    await thread.exited
    clearTimeout(deadline)
  }
}

async function readyInTime(thread: CollectorThread): Promise<void> {
  let deadline: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    deadline = setTimeout(() => reject(new Error('it does not get ready')), START_TIMEOUT_MS)
  })
  try {
    await Promise.race([thread.ready, late])
  } finally {
    clearTimeout(deadline)
  }
}
