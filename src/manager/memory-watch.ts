// Memory pressure, watched in the manager's thread: it goes on while every other thread is stuck. It reports like any
// other thread, by a mailbox of its own, so that the manager's drain stays the only writer of the table. It waits for
// nothing: what it would wait for is the loop that it runs beside.
import { setTimeout as delay } from 'node:timers/promises'
import { threadId } from 'node:worker_threads'
import { AppliedWait } from '../memory/applied-wait.js'
import { monotonicMs } from '../memory/control.js'
import type { Region } from '../memory/region.js'
import { SlotMap, statusOf } from '../memory/slot-latch.js'
import { encodeText } from '../memory/text.js'
import { MAX_NAME_BYTES } from '../model/arguments.js'
import { Component } from '../model/component.js'
import { HealthError, show } from '../model/errors.js'
import { HealthStatus } from '../model/health-status.js'
import { Attachment } from '../runtime/attachment.js'
import { Reporter } from '../runtime/reporter.js'
import { TextCache } from '../runtime/text-cache.js'
import { readCgroupMemory } from '../watch/cgroup.js'
import { checkEvery } from '../watch/every.js'
import { MemoryPressure } from '../watch/memory-pressure.js'
import type { MemoryPressureSettings } from '../watch/memory-pressure-options.js'

/** How often it looks whether what was published before it began is applied, in ms. */
const APPLIED_LOOK_MS = 5

export class MemoryWatch {
  readonly #region: Region
  readonly #settings: MemoryPressureSettings
  readonly #ending = new AbortController()
  #attachment: Attachment | undefined
  #pressure: MemoryPressure | undefined
  /** What was last warned of. */
  #warned = ''

  constructor(region: Region, settings: MemoryPressureSettings) {
    this.#region = region
    this.#settings = settings
  }

  /** Watches until `stop`, or until the runtime is stopped. Never rejects. */
  async run(): Promise<void> {
    await checkEvery(this.#settings.intervalMs, this.#ending.signal, () => this.check())
  }

  /** Looks once; false if there is nobody to report to any more. What fails is warned of once, and tried again by the next. */
  async check(): Promise<boolean> {
    try {
      this.#pressure ??= await this.#begin()
      if (this.#ending.signal.aborted) return false
      this.#pressure.check()
      this.#warned = ''
    } catch (error) {
      if (error instanceof HealthError && error.code === 'ERR_HEALTH_STOPPED') return false
      this.#warn(error)
    }
    return true
  }

  stop(): void {
    this.#ending.abort()
    this.#attachment?.detach()
  }

  async #begin(): Promise<MemoryPressure> {
    // Waits for no room: the thread that would make it is this one.
    this.#attachment ??= new Attachment(this.#region, threadId, 0)
    await this.#settle()
    const name = Component.MemoryPressure
    const texts = new TextCache(this.#region.layout.maxPayloadBytes)
    return new MemoryPressure(this.#settings, {
      read: () => readCgroupMemory(this.#settings.root),
      now: monotonicMs,
      reporter: new Reporter(name, this.#attachment, texts),
      status: this.#statusOf(name, this.#attachment),
    })
  }

  /** What a predecessor, in a manager that died, has reported last may still be in its mailbox. */
  async #settle(): Promise<void> {
    const applied = new AppliedWait(this.#region, 0)
    applied.note()
    while (!this.#ending.signal.aborted && !applied.wait(0)) await delay(APPLIED_LOOK_MS)
  }

  #statusOf(name: string, { bindings }: Attachment): HealthStatus {
    const binding = bindings.find(encodeText(name, MAX_NAME_BYTES))
    if (binding === undefined) return HealthStatus.Unspecified
    return statusOf(new SlotMap(this.#region).statusWord(binding.slot)) as HealthStatus
  }

  #warn(error: unknown): void {
    const reason = error instanceof Error ? error.message : show(error)
    if (reason === this.#warned) return
    this.#warned = reason
    process.emitWarning(new Error(`memory pressure is not reported: ${reason}`, { cause: error }))
  }
}
