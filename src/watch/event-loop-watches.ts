// The event-loop watches of one attachment: who may watch under which name, and their end with the attachment's. Belongs to the
// thread that is watched.
import { WORD_BYTES } from '../memory/layout.js'
import { isThreadAttached } from '../memory/mailbox.js'
import { encodeText } from '../memory/text.js'
import { MAX_NAME_BYTES } from '../model/arguments.js'
import { type ComponentRules, NO_RULES, Wording } from '../model/component-rules.js'
import { argumentError, HealthError } from '../model/errors.js'
import type { Attachment } from '../runtime/attachment.js'
import type { ComponentReporter } from '../runtime/component-reporter.js'
import { type EventLoopSettings, eventLoopRules } from './event-loop-options.js'
import { everyUnreferenced, LoopWatch } from './event-loop-watch.js'
import { LoopGauges } from './loop-gauges.js'

type Register = (name: string, rules: ComponentRules) => ComponentReporter

/** Each further round takes a thread that watches under the same name and ends meanwhile. */
const MAX_ROUNDS = 8

export class EventLoopWatches {
  readonly #attachment: Attachment
  readonly #register: Register
  readonly #watches = new Map<string, LoopWatch>()

  constructor(attachment: Attachment, register: Register) {
    this.#attachment = attachment
    this.#register = register
  }

  watch(settings: EventLoopSettings): LoopWatch {
    const { component } = settings
    if (this.#watches.get(component)?.isOver === false) throw isTaken(component)
    const reporter = this.#claim(settings)
    const watch = new LoopWatch(settings, {
      reporter,
      gauges: new LoopGauges(),
      hasRoom: () => this.#hasRoom(),
      every: everyUnreferenced,
    })
    this.#watches.set(component, watch)
    return watch
  }

  /** Before the attachment detaches. Waits for nobody: what can't be deregistered at once is shown as gone. */
  stop(): void {
    for (const watch of this.#watches.values()) {
      try {
        if (!watch.isOver && this.#hasRoom()) watch.stop()
        else watch.end()
      } catch {
        // It has ended, and its component is shown as gone; the manager is away. The stop goes on.
      }
    }
    this.#watches.clear()
  }

  /**
   * Registers the component. A name that is taken is looked at: rules tell of one thread, and with those of another one this
   * loop's beats would hide that the other does not turn. Only a thread that is gone makes room.
   */
  #claim(settings: EventLoopSettings): ComponentReporter {
    const { component } = settings
    const { identity, region } = this.#attachment
    const encoded = encodeText(component, MAX_NAME_BYTES)
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const reporter = this.#register(component, eventLoopRules(settings, identity))
      const registration = this.#attachment.bindings.registration(encoded)
      if (registration === undefined) continue
      const { rules: found = NO_RULES, slot, generation, ticket } = registration
      if (found.wording !== Wording.EventLoop) throw isTaken(component)
      if (found.mailbox === identity.mailbox && found.owner === identity.owner) return reporter
      if (isThreadAttached(region, found)) throw isTaken(component)
      // That one and no later one: another thread may have made room, and watch, since the look.
      this.#attachment.deregister(slot, generation, ticket, false)
      this.#attachment.endDeregistration()
    }
    throw new HealthError(
      'ERR_HEALTH_UNAVAILABLE',
      `component=${JSON.stringify(component)}: deregistered again and again while it was registered`,
    )
  }

  /** Half of a mailbox is more than any record of a watch takes. */
  #hasRoom(): boolean {
    const { mailboxWords } = this.#attachment.region.layout
    return this.#attachment.backlog() <= (mailboxWords * WORD_BYTES) / 2
  }
}

function isTaken(component: string): HealthError {
  return argumentError(
    'options.component',
    component,
    'is registered already, by another watch or as a component of another kind',
  )
}
