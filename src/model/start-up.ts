// A start-up that gets on may take longer than it was excused for; one that does not is not excused. Pure.

/** How a program that has never been ready gets on, by the components that tell of their progress. */
export type StartUp = 'advancing' | 'stalled'

/**
 * Until when an excuse for the time of the start, a suppression, holds that was asked for until `until`; 0 for none. While the
 * start-up advances it holds until `latest`, also where it had run out; where a component has stalled it does not hold.
 */
export function excusedUntil(until: number, latest: number, startUp: StartUp | undefined): number {
  if (until === 0 || startUp === 'stalled') return 0
  return startUp === 'advancing' ? Math.max(until, latest) : until
}
