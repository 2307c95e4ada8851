// Calls every method of the public face once and says how each ended. Any thread.
import type { ComponentReporter, HealthManager } from '../../../src/index.js'

/** Says something, and reads it in every way: what is cached for the next time is cached then. */
export function useEverything(health: HealthManager, reporter: ComponentReporter): void {
  reporter.healthy('again', { a: '1' })
  health.getStatus(reporter.name)
  for (let i = 0; i < 3; i++) {
    health.buildReport()
    health.livenessCheck()
    health.readinessCheck()
    health.checkLiveness()
    health.checkReadiness()
  }
}

/** The error code of each call, `none` where it did not fail. */
export async function outcomesOfEverything(
  health: HealthManager,
  reporter: ComponentReporter,
): Promise<Record<string, string>> {
  const calls: Record<string, () => unknown> = {
    register: () => health.register('late'),
    deregister: () => health.deregister('late'),
    updateStatus: () => health.updateStatus('late', 1, ''),
    getStatus: () => health.getStatus('late'),
    buildReport: () => health.buildReport(),
    livenessCheck: () => health.livenessCheck(),
    readinessCheck: () => health.readinessCheck(),
    checkLiveness: () => health.checkLiveness(),
    checkReadiness: () => health.checkReadiness(),
    setStandby: () => health.setStandby(true),
    suppressLiveness: () => health.suppressLiveness(1),
    clearLivenessSuppression: () => health.clearLivenessSuppression(),
    suppressReadiness: () => health.suppressReadiness(1),
    clearReadinessSuppression: () => health.clearReadinessSuppression(),
    handle: () => health.handle(),
    flush: () => health.flush(),
    'setTransitionObserver, function': () => health.setTransitionObserver(() => {}),
    'setTransitionObserver, null': () => health.setTransitionObserver(null),
    stats: () => health.stats(),
    'reporter.update': () => reporter.update(3, 'late'),
    'reporter.healthy, unchanged': () => reporter.healthy('again', { a: '1' }),
    'updateStatus, unchanged': () => health.updateStatus(reporter.name, 1, 'again', { a: '1' }),
    'reporter.healthy': () => reporter.healthy('late'),
    'reporter.degraded': () => reporter.degraded('late'),
    'reporter.unhealthy': () => reporter.unhealthy('late'),
    'reporter.beat': () => reporter.beat(),
    'reporter.deregister': () => reporter.deregister(),
  }
  const outcomes: Record<string, string> = {}
  for (const [name, call] of Object.entries(calls)) {
    try {
      await call()
      outcomes[name] = 'none'
    } catch (error) {
      outcomes[name] = (error as { code?: string }).code ?? String(error)
    }
  }
  return outcomes
}
