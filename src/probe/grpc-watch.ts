// The hub of all gRPC watchers: follows the journal, so that every transition becomes a message, and looks at the table for
// what is not in the journal (registrations, standby, suppressions that are set, cleared or run out). It costs by what has
// changed and by who watches that, and nothing while nobody watches. gRPC actor's thread.
//
// A round looks at the table first and reads the journal then, so that it has read every transition that the look shows.
// The look decides for all components but those that were seen to move after it: of these the journal is ahead.
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises'
import { HealthStatus } from '../model/health-status.js'
import { isDamped, judgedOf } from '../model/judged.js'
import type { Gate, Judged } from '../model/policy.js'
import type { HealthReport } from '../model/report.js'
import type { Look } from '../runtime/health-reader.js'
import { UNREADABLE } from './answers.js'
import { judgeServing } from './grpc-health.js'
import {
  ServingStatus,
  servingComponent,
  type Target,
  type VerdictName,
} from './grpc-service-names.js'
import type { SeenTransition, WatchSource } from './grpc-source.js'
import { type Topic, Topics, type Watcher } from './grpc-topics.js'

/** Looks again at least this often, in ms: nobody rings when a suppression runs out. */
const LOOK_INTERVAL_MS = 50
/** Transitions read in one go; between two, the thread answers probes. */
const TRANSITIONS_A_ROUND = 512
/** No further transition is read once so many messages were sent: they are what costs, where there are many watchers. */
const MESSAGES_A_ROUND = 256
/** A hub that is woken all the time rests so many times as long as its last round took: probes come first. */
const REST_FACTOR = 4
/** The same while there is more to read, of which nothing should be lost. */
const BEHIND_REST_FACTOR = 1
const MIN_REST_MS = 1
/** A turn of the loop may be long by what others do in it. */
const MAX_REST_MS = 500

const OPEN: Gate = { isStandby: false, isLivenessSuppressed: false, isReadinessSuppressed: false }

export class WatchHub {
  readonly #source: WatchSource
  readonly #topics = new Topics()
  /** The components that decide verdicts, as of the last transition that was read. */
  readonly #statuses = new Map<string, Judged>()
  readonly #policyNames: ReadonlySet<string>
  /** Those of them that verdicts may follow late: only looks can tell when they do. */
  readonly #damped = new Set<string>()
  #gate = OPEN
  #lastRead: SeenTransition | undefined
  /** The report of the last reconciliation; undefined before the first one, and where not all of it was taken over. */
  #report: HealthReport | undefined
  /** Topics and statuses are those of some look, brought forward. */
  #isSynced = false
  #isRunning = false
  #isStopped = false

  constructor(source: WatchSource) {
    this.#source = source
    this.#policyNames = new Set([...source.policy.liveness, ...source.policy.readiness])
  }

  get watcherCount(): number {
    return this.#topics.watcherCount
  }

  /**
   * Sends `current`, the status of a target by a look that was taken just now, and from then on each change of it. However far
   * behind the hub is, nobody is told what was before. Gives what takes the watcher away again, which may be called twice.
   */
  add(target: Target, watcher: Watcher, current: ServingStatus): () => void {
    const isAwake = this.#isRunning || this.#isStopped
    if (!isAwake) this.#begin()
    // Later than that look, so it shows no more transitions than these: a transition is journaled before it is shown.
    const journaled = this.#source.transitionCount()
    const topic = this.#topics.join(target, watcher, current, journaled)
    // Its topic may be new, and what is published of it is compared with a look only where that differs from the last one.
    if (target.kind === 'component') this.#report = undefined
    if (!isAwake) void this.#run()
    return () => this.#topics.remove(topic, watcher)
  }

  /** Tells every watcher that nothing is served any more, then ends all streams. */
  close(): void {
    this.#stop()
    this.#topics.endAll('the server stops')
  }

  /** Brings all topics up to date. True where there is more to read at once. */
  round(): boolean {
    if (this.#isStopped) return false
    if (this.#source.isStopping()) {
      this.#stop()
      return false
    }
    const shown = this.#source.shownCount()
    const look = this.#source.tryPeek()
    const moved = this.#unshown(shown)
    if (look !== undefined && look.report !== this.#report) this.#noteDamped(look.report)
    const gates = look === undefined ? [this.#gate] : [this.#gate, look.gate]
    switch (this.#drain(shown, moved, gates)) {
      case 'more':
        return true
      case 'gap':
        this.#resync()
        return true
      case 'all':
        if (look !== undefined) this.#reconcile(look, moved)
        return false
    }
  }

  #noteDamped(report: HealthReport): void {
    for (const name of this.#policyNames) {
      const component = report.get(name)
      if (component !== undefined && isDamped(component)) this.#damped.add(name)
      else this.#damped.delete(name)
    }
  }

  /** Nobody has watched: what happened meanwhile is nobody's news. */
  #begin(): void {
    this.#source.skipToNow()
    this.#isSynced = false
    this.#report = undefined
    this.#lastRead = undefined
    for (const topic of this.#topics.verdicts) topic.status = undefined
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    try {
      while (this.watcherCount > 0 && !this.#isStopped) {
        // Before the round: what it does not see will wake us.
        const heard = this.#source.listen()
        const startMs = performance.now()
        const hasMore = this.round()
        // What was sent is written behind the round, and costs more than it.
        await nextTurn()
        const tookMs = performance.now() - startMs
        const restMs = tookMs * (hasMore ? BEHIND_REST_FACTOR : REST_FACTOR)
        await delay(Math.min(Math.max(MIN_REST_MS, restMs), MAX_REST_MS))
        if (!hasMore) await this.#source.changed(heard, LOOK_INTERVAL_MS)
      }
    } catch {
      // The region cannot be read, and nobody is there to be told but the watchers: they may come again.
      this.#topics.endAll(UNREADABLE)
    } finally {
      this.#isRunning = false
    }
  }

  #stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#topics.publishStop()
  }

  /** Transitions that were read and that a look may not show: the last one at most, in the middle of a batch. */
  #unshown(shown: number): Map<string, HealthStatus> {
    const last = this.#lastRead
    return last !== undefined && last.number > shown
      ? new Map([[last.component, last.newStatus]])
      : new Map()
  }

  /** Replays what the journal holds; notes in `moved` what a look of `shown` transitions does not show. */
  #drain(
    shown: number,
    moved: Map<string, HealthStatus>,
    gates: readonly Gate[],
  ): 'all' | 'more' | 'gap' {
    // Whoever writes faster than this reads must not keep it here.
    const end = this.#source.transitionCount()
    const sentBefore = this.#topics.sentCount
    for (let read = 0; read < TRANSITIONS_A_ROUND; read++) {
      if (this.#topics.sentCount - sentBefore >= MESSAGES_A_ROUND) return 'more'
      if (this.#lastRead !== undefined && this.#lastRead.number >= end) return 'all'
      const transition = this.#source.next()
      if (transition === undefined) return 'all'
      if (transition === 'gap') return 'gap'
      this.#lastRead = transition
      this.#topics.admit(transition.number - 1)
      if (transition.number > shown) moved.set(transition.component, transition.newStatus)
      this.#replay(transition, gates)
    }
    return 'more'
  }

  /**
   * What a component was before it moved is news only if it was registered meanwhile, and so unspecified: that is not in the
   * journal. Anything else that it was is told already, by a transition before, or it is out of date: a look shows a deadline
   * that runs out, and a component that lives again, before the manager has journaled it.
   */
  #replay({ component, oldStatus, newStatus }: SeenTransition, gates: readonly Gate[]): void {
    const topic = this.#topics.component(component)
    const isJudged = this.#policyNames.has(component) && !this.#damped.has(component)
    if (topic === undefined && !isJudged) return
    const statuses = oldStatus === HealthStatus.Unspecified ? [oldStatus, newStatus] : [newStatus]
    for (const status of statuses) {
      if (topic?.status !== undefined) this.#topics.publish(topic, servingComponent(status))
      if (isJudged) {
        this.#statuses.set(component, { status, message: '' })
        if (this.#isSynced) this.#judge(gates)
      }
    }
  }

  /**
   * Which gates stood at the time of a transition is not known, only those before and after. It fails a verdict if it
   * does under all of them: a component that was healthy again before its suppression was cleared has failed nothing.
   */
  #judge(gates: readonly Gate[]): void {
    for (const topic of this.#topics.verdicts) {
      const passes = gates.some(
        (gate) => this.#judgeUnder(topic.target.name, gate) === ServingStatus.Serving,
      )
      this.#topics.publish(topic, passes ? ServingStatus.Serving : ServingStatus.NotServing)
    }
  }

  #judgeUnder(verdict: VerdictName, gate: Gate): ServingStatus {
    return judgeServing(verdict, this.#source.policy, gate, (name) => this.#statuses.get(name))
  }

  /** Makes topics and statuses those of a look, but for what has moved since. */
  #reconcile({ report, gate }: Look, moved: ReadonlyMap<string, HealthStatus>): void {
    this.#gate = gate
    const statusOf = (name: string) => moved.get(name) ?? report.get(name)?.status
    const publish = (topic: Topic) =>
      this.#topics.publish(topic, servingComponent(statusOf(topic.target.name)))
    if (this.#report !== report) {
      for (const name of this.#policyNames) {
        const component = report.get(name)
        const isLate = component !== undefined && this.#damped.has(name)
        const status = isLate ? judgedOf(component).status : statusOf(name)
        if (status === undefined) this.#statuses.delete(name)
        else this.#statuses.set(name, { status, message: '' })
      }
      for (const topic of this.#topics.components) publish(topic)
    }
    // What has moved is to be compared again with a look that shows it.
    this.#report = moved.size === 0 ? report : undefined
    this.#isSynced = true
    this.#judge([gate])
    this.#topics.settle()
  }

  /** Transitions were lost. What a look shows now is later than all that was told; what it misses the next one shows. */
  #resync(): void {
    const shown = this.#source.shownCount()
    const look = this.#source.tryPeek()
    this.#source.skipToNow()
    this.#report = undefined
    if (look === undefined) return
    this.#reconcile(look, this.#unshown(shown))
    this.#report = undefined
  }
}
