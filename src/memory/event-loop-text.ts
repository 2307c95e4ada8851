// What is said of an event loop that does not turn. The thread that it belongs to can not say it: any reader does, from what that
// thread has left in shared memory.
import type { ComponentRules, OverlayLevel } from '../model/component-rules.js'
import { HealthStatus } from '../model/health-status.js'
import { readBreadcrumb } from './breadcrumb.js'
import { isThreadAttached } from './mailbox.js'
import type { Region } from './region.js'
import { secondsText } from './ticks.js'

/** `event loop wedged for 12.3 s in "parse batch" (for 12.4 s)`; `silence` is how long its turn is overdue. */
export function eventLoopText(
  region: Region,
  rules: ComponentRules,
  level: OverlayLevel,
  silence: string,
  ticksSince: (tick: number) => number,
): string {
  const what = level === HealthStatus.Unhealthy ? 'wedged for' : 'late by'
  if (rules.mailbox === -1) return `event loop ${what} ${silence}`
  const breadcrumb = readBreadcrumb(region, rules.mailbox)
  // Behind the breadcrumb, which is another thread's if that has the mailbox by now. Pairs with claimMailbox.
  if (!isThreadAttached(region, rules)) {
    return `event loop gone for ${silence}: its thread has ended or has let go of the runtime`
  }
  const where =
    breadcrumb === undefined
      ? ''
      : ` in ${JSON.stringify(breadcrumb.text)} (for ${secondsText(Math.max(0, ticksSince(breadcrumb.begunAt)))})`
  return `event loop ${what} ${silence}${where}`
}
