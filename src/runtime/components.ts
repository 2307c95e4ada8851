// The components that one thread registers and reports by name: a reporter each, made when it is first needed. Belongs to the
// thread of its attachment.
import { AppliedWait } from '../memory/applied-wait.js'
import { hasManagerFailed } from '../memory/manager-state.js'
import { encodeRules } from '../memory/rules-block.js'
import { encodeText } from '../memory/text.js'
import { MAX_NAME_BYTES, type MetadataInput } from '../model/arguments.js'
import type { ComponentRules } from '../model/component-rules.js'
import { HealthError, show } from '../model/errors.js'
import type { HealthStatus } from '../model/health-status.js'
import type { Attachment } from './attachment.js'
import { Reporter } from './reporter.js'
import { TextCache } from './text-cache.js'

export class Components {
  readonly #attachment: Attachment
  readonly #publishTimeoutMs: number
  readonly #applied: AppliedWait
  readonly #texts: TextCache
  readonly #reporters = new Map<string, Reporter>()

  constructor(attachment: Attachment, publishTimeoutMs: number) {
    const { region } = attachment
    this.#attachment = attachment
    this.#publishTimeoutMs = publishTimeoutMs
    this.#applied = new AppliedWait(region)
    this.#texts = new TextCache(region.layout.maxPayloadBytes)
  }

  /** Registers, and waits until the manager has entered the component; errors as `HealthManager.register`. */
  register(name: string, rules: ComponentRules | undefined): Reporter {
    const { layout, words } = this.#attachment.region
    const encoded = encodeText(name, MAX_NAME_BYTES)
    const receipt = this.#attachment.register(encoded, rules && encodeRules(rules))
    if (!this.#applied.note() && !this.#applied.waitInFull(this.#publishTimeoutMs)) {
      const why = hasManagerFailed(words)
        ? 'the manager actor was given up: only the stop enters what is registered now'
        : `publishTimeoutMs=${this.#publishTimeoutMs}: the manager has not entered the component yet`
      throw new HealthError('ERR_HEALTH_UNAVAILABLE', `${why}, name=${show(name)}`)
    }
    if (this.#attachment.wasRefused(receipt)) {
      throw new HealthError(
        'ERR_HEALTH_CAPACITY',
        `maxComponents=${layout.maxComponents}: no room to register name=${show(name)}`,
      )
    }
    return this.known(name) ?? this.#keep(this.#reporterOf(name))
  }

  /** The reporter of a name that was registered or reported through here; undefined if there is none. */
  known(name: string): Reporter | undefined {
    return this.#reporters.get(name)
  }

  /** An update of a name that is not `known`. */
  updateUnknown(
    name: string,
    status: HealthStatus,
    message: string,
    metadata: MetadataInput,
  ): void {
    const reporter = this.#reporterOf(name)
    // Kept only for names that exist: a program that reports made-up names must not fill the memory.
    if (reporter.bind()) this.#keep(reporter)
    reporter.update(status, message, metadata)
  }

  deregister(name: string): void {
    const reporter = this.known(name) ?? this.#reporterOf(name)
    this.#reporters.delete(name)
    reporter.deregister()
  }

  #reporterOf(name: string): Reporter {
    return new Reporter(name, this.#attachment, this.#texts)
  }

  /** The map only saves look-ups, so it may be emptied when names that have come and gone fill it. */
  #keep(reporter: Reporter): Reporter {
    const { layout } = this.#attachment.region
    if (this.#reporters.size >= 2 * layout.maxComponents) this.#reporters.clear()
    this.#reporters.set(reporter.name, reporter)
    return reporter
  }
}
