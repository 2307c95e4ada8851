// What watchers watch: one topic a verdict or component, however many watch it. A status that is published goes to all of
// its watchers, once. Knows nothing of gRPC; gRPC actor's thread.
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
  readonly watchers: Set<Watcher>
}

type VerdictTopic = Topic<Extract<Target, { readonly kind: 'verdict' }>>

export class Topics {
  readonly #verdicts: readonly VerdictTopic[] = [
    createTopic({ kind: 'verdict', name: 'liveness' }),
    createTopic({ kind: 'verdict', name: 'readiness' }),
  ]
  /** There while they have watchers. */
  readonly #components = new Map<string, Topic>()
  #watcherCount = 0
  #sentCount = 0

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

  /** The topic of a target, made if there is none yet. */
  of(target: Target): Topic {
    if (target.kind === 'verdict') {
      return this.#verdicts.find((topic) => topic.target.name === target.name)!
    }
    const known = this.#components.get(target.name)
    if (known !== undefined) return known
    const topic = createTopic(target)
    this.#components.set(target.name, topic)
    return topic
  }

  add(topic: Topic, watcher: Watcher): void {
    topic.watchers.add(watcher)
    this.#watcherCount++
  }

  /** Idempotent. */
  remove(topic: Topic, watcher: Watcher): void {
    if (!topic.watchers.delete(watcher)) return
    this.#watcherCount--
    this.dropUnwatched(topic)
  }

  /** A topic of a component is there only while somebody watches it. */
  dropUnwatched({ target, watchers }: Topic): void {
    if (target.kind === 'component' && watchers.size === 0) this.#components.delete(target.name)
  }

  /** Tells every watcher of a topic, unless it was told the same last. */
  publish(topic: Topic, status: ServingStatus): void {
    if (topic.status === status) return
    topic.status = status
    this.#sentCount += topic.watchers.size
    for (const watcher of topic.watchers) {
      if (!watcher.send(status)) this.remove(topic, watcher)
    }
  }

  /** Nothing is served any more; what is not registered stays so. */
  publishStop(): void {
    for (const topic of [...this.#verdicts, ...this.#components.values()]) {
      const { status } = topic
      if (status !== undefined && status !== ServingStatus.ServiceUnknown) {
        this.publish(topic, ServingStatus.NotServing)
      }
    }
  }

  /** Ends every stream for this reason and forgets what was published. */
  endAll(reason: string): void {
    for (const topic of [...this.#verdicts, ...this.#components.values()]) {
      topic.status = undefined
      for (const watcher of topic.watchers) {
        this.remove(topic, watcher)
        watcher.end(reason)
      }
    }
  }
}

function createTopic<Watched extends Target>(target: Watched): Topic<Watched> {
  return { target, status: undefined, watchers: new Set() }
}
