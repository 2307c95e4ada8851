// What watchers watch: one topic a verdict or component, however many watch it. A status that is published goes to all of
// its watchers that were not told the same last. Knows nothing of gRPC; gRPC actor's thread.
//
// A watcher begins with a look of its own, and what is published may be behind that. So it joins as a newcomer, is told
// nothing of what came before that look, and every status that is published behind it.
import { ServingStatus, type Target } from './grpc-service-names.js'

/** One Watch stream. */
export interface Watcher {
  /** Queues a status; false where the queue is full, and the stream has been ended for it. */
  send(status: ServingStatus): boolean
  /** Ends the stream because nothing will follow, after what is queued. The client is told the reason. */
  end(reason: string): void
}

export interface Topic<Watched extends Target = Target> {
  readonly target: Watched
  /** What was published last; undefined before the first time. */
  status: ServingStatus | undefined
  /** What each was told last. */
  readonly watchers: Map<Watcher, ServingStatus>
  newcomerCount: number
}

interface Newcomer {
  readonly topic: Topic
  readonly told: ServingStatus
  /** How many transitions were journaled after its look; it is admitted when they have been published. */
  readonly journaled: number
}

type VerdictTopic = Topic<Extract<Target, { readonly kind: 'verdict' }>>

export class Topics {
  readonly #verdicts: readonly VerdictTopic[] = [
    createTopic({ kind: 'verdict', name: 'liveness' }),
    createTopic({ kind: 'verdict', name: 'readiness' }),
  ]
  /** There while they have watchers. */
  readonly #components = new Map<string, Topic>()
  /** Those who came first come first. */
  readonly #newcomers = new Map<Watcher, Newcomer>()
  /** Topics with watchers that were told something else last than was published. */
  readonly #uneven = new Set<Topic>()
  #watcherCount = 0
  #sentCount = 0

  /** Newcomers included. */
  get watcherCount(): number {
    return this.#watcherCount
  }

  /** How many statuses were published to watchers, all of them together. */
  get sentCount(): number {
    return this.#sentCount
  }

  get verdicts(): Iterable<VerdictTopic> {
    return this.#verdicts
  }

  get components(): Iterable<Topic> {
    return this.#components.values()
  }

  component(name: string): Topic | undefined {
    return this.#components.get(name)
  }

  /**
   * Tells a watcher `told`, which it has from a look of its own. What was published when `journaled` transitions had been, or
   * before, is not news to it. Gives its topic.
   */
  join(target: Target, watcher: Watcher, told: ServingStatus, journaled: number): Topic {
    const topic = this.#of(target)
    topic.status ??= told
    if (watcher.send(told)) {
      this.#newcomers.set(watcher, { topic, told, journaled })
      topic.newcomerCount++
      this.#watcherCount++
    } else {
      this.#dropUnwatched(topic)
    }
    return topic
  }

  /** So many transitions were published: whoever has joined by then is told of what is published from now on. */
  admit(published: number): void {
    for (const [watcher, { topic, told, journaled }] of this.#newcomers) {
      if (journaled > published) return
      this.#newcomers.delete(watcher)
      topic.newcomerCount--
      topic.watchers.set(watcher, told)
      if (topic.status !== told) this.#uneven.add(topic)
    }
  }

  /** What is published is that of a look after all of theirs: every newcomer is admitted, and whoever was told else hears of it. */
  settle(): void {
    this.admit(Number.POSITIVE_INFINITY)
    for (const topic of this.#uneven) this.#tellAll(topic)
    this.#uneven.clear()
  }

  /** Idempotent. */
  remove(topic: Topic, watcher: Watcher): void {
    if (this.#newcomers.delete(watcher)) topic.newcomerCount--
    else if (!topic.watchers.delete(watcher)) return
    this.#watcherCount--
    this.#dropUnwatched(topic)
  }

  publish(topic: Topic, status: ServingStatus): void {
    if (topic.status === status) return
    topic.status = status
    this.#tellAll(topic)
  }

  /** Nothing is served any more; what is not registered stays so. */
  publishStop(): void {
    this.admit(Number.POSITIVE_INFINITY)
    for (const topic of this.#all()) {
      if (topic.status === ServingStatus.Serving) topic.status = ServingStatus.NotServing
      for (const [watcher, told] of topic.watchers) {
        if (told === ServingStatus.Serving) this.#tell(topic, watcher, ServingStatus.NotServing)
      }
    }
  }

  /** Ends every stream for this reason and forgets what was published. */
  endAll(reason: string): void {
    this.admit(Number.POSITIVE_INFINITY)
    this.#uneven.clear()
    for (const topic of this.#all()) {
      topic.status = undefined
      for (const watcher of topic.watchers.keys()) {
        this.remove(topic, watcher)
        watcher.end(reason)
      }
    }
  }

  #all(): readonly Topic[] {
    return [...this.#verdicts, ...this.#components.values()]
  }

  /** The topic of a target, made if there is none yet. */
  #of(target: Target): Topic {
    if (target.kind === 'verdict') {
      return this.#verdicts.find((topic) => topic.target.name === target.name)!
    }
    const known = this.#components.get(target.name)
    if (known !== undefined) return known
    const topic = createTopic(target)
    this.#components.set(target.name, topic)
    return topic
  }

  /** A topic of a component is there only while somebody watches it. */
  #dropUnwatched(topic: Topic): void {
    const { target, watchers, newcomerCount } = topic
    if (target.kind !== 'component' || watchers.size + newcomerCount > 0) return
    this.#components.delete(target.name)
    this.#uneven.delete(topic)
  }

  #tellAll(topic: Topic): void {
    const { status, watchers } = topic
    if (status === undefined) return
    for (const [watcher, told] of watchers) {
      if (told !== status) this.#tell(topic, watcher, status)
    }
  }

  #tell(topic: Topic, watcher: Watcher, status: ServingStatus): void {
    this.#sentCount++
    if (watcher.send(status)) topic.watchers.set(watcher, status)
    else this.remove(topic, watcher)
  }
}

function createTopic<Watched extends Target>(target: Watched): Topic<Watched> {
  return { target, status: undefined, watchers: new Map(), newcomerCount: 0 }
}
