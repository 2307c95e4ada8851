// The ledger: the last probes that were answered, and how often in a row a kubelet was told of a failure. Runs with every
// probe, so it writes into columns that are there already. Probe actor's thread.
import { fitText } from '../memory/text.js'
import {
  type ProbeQuestion,
  type ProbeRecord,
  type ProbeStats,
  sumOf,
} from '../model/probe-stats.js'
import type { GrpcLedger } from './grpc-ledger.js'
import { isKubeletAgent } from './kubelet-body.js'
import type { ProbeAnswer, ProbeRequest } from './listener.js'
import { parseTarget } from './query.js'

export const LEDGER_RECORDS = 256
/** Behind the records: a copy of the last failure that a kubelet was told of, as its record may be overwritten. */
const LAST_FAILURE = LEDGER_RECORDS
const MAX_PATH_CHARACTERS = 64
const MAX_AGENT_CHARACTERS = 64
const MAX_REASON_BYTES = 1_024

const questions = new Map<string, ProbeQuestion>([
  ['/healthz', 'liveness'],
  ['/livez', 'liveness'],
  ['/readyz', 'readiness'],
  ['/startupz', 'startup'],
])

export class ProbeLedger {
  readonly #times = new Float64Array(LEDGER_RECORDS + 1)
  readonly #latencies = new Float64Array(LEDGER_RECORDS + 1)
  readonly #codes = new Uint16Array(LEDGER_RECORDS + 1)
  readonly #paths = emptyColumn()
  readonly #clients = emptyColumn()
  readonly #agents = emptyColumn()
  readonly #reasons = emptyColumn()
  readonly #texts = [this.#paths, this.#clients, this.#agents, this.#reasons]
  #count = 0
  readonly #failuresInARow = { liveness: 0, readiness: 0, startup: 0 }
  #hasFailed = false
  /** The last reason, as it was given and as it is kept: most probes have the reason of the one before. */
  #givenReason = ''
  #keptReason = ''
  /** Of the gRPC actor, where there is one: shown and counted together with what is entered here. */
  readonly #grpc: GrpcLedger | undefined

  constructor(grpc?: GrpcLedger) {
    this.#grpc = grpc
  }

  /**
   * Enters a request that was just answered: of a probe path, or of a kubelet, whatever that asks for. Asks the request only
   * where it is one, and must be called before the handler of its transport returns.
   */
  enter(request: ProbeRequest, { status, reason = '' }: ProbeAnswer, latencyMs: number): void {
    const { target } = request
    const question = questionOf(target)
    const agent = request.header('user-agent')
    const isKubelet = isKubeletAgent(agent)
    if (question === undefined && !isKubelet) return
    const at = this.#count++ % LEDGER_RECORDS
    this.#times[at] = Date.now()
    this.#latencies[at] = latencyMs * 1e3
    this.#codes[at] = status
    this.#paths[at] = questions.has(target)
      ? target
      : cut(parseTarget(target).path, MAX_PATH_CHARACTERS)
    this.#clients[at] = request.remoteAddress()
    this.#agents[at] = cut(agent, MAX_AGENT_CHARACTERS)
    this.#reasons[at] = reason === '' ? '' : this.#keep(reason)
    if (!isKubelet || question === undefined) return
    // As a kubelet judges, to which no answer of ours is a redirect.
    if (status < 400) {
      this.#failuresInARow[question] = 0
    } else {
      this.#failuresInARow[question]++
      this.#hasFailed = true
      this.#copy(at, LAST_FAILURE)
    }
  }

  /** The last `LEDGER_RECORDS` of HTTP and gRPC together, the newest first. */
  *records(): Iterable<ProbeRecord> {
    const own = this.#own()
    const others = (this.#grpc?.records() ?? [])[Symbol.iterator]()
    let mine = own.next()
    let other = others.next()
    for (let i = 0; i < LEDGER_RECORDS; i++) {
      if (!other.done && (mine.done || mine.value.at < other.value.at)) {
        yield other.value
        other = others.next()
      } else {
        if (mine.done) return
        yield mine.value
        mine = own.next()
      }
    }
  }

  stats(): ProbeStats {
    const own: ProbeStats = {
      answered: this.#count,
      failuresInARow: { ...this.#failuresInARow },
      lastFailure: this.#hasFailed ? this.#read(LAST_FAILURE) : undefined,
    }
    return this.#grpc === undefined ? own : sumOf([own, this.#grpc.stats()])
  }

  *#own(): Iterator<ProbeRecord, undefined> {
    const oldest = Math.max(0, this.#count - LEDGER_RECORDS)
    for (let i = this.#count - 1; i >= oldest; i--) yield this.#read(i % LEDGER_RECORDS)
    return undefined
  }

  #copy(from: number, to: number): void {
    this.#times[to] = this.#times[from]!
    this.#latencies[to] = this.#latencies[from]!
    this.#codes[to] = this.#codes[from]!
    for (const column of this.#texts) column[to] = column[from]!
  }

  #read(at: number): ProbeRecord {
    return {
      at: this.#times[at]!,
      path: this.#paths[at]!,
      code: this.#codes[at]!,
      client: this.#clients[at]!,
      userAgent: this.#agents[at]!,
      reason: this.#reasons[at]!,
      latencyUs: Math.round(this.#latencies[at]! * 10) / 10,
    }
  }

  #keep(reason: string): string {
    if (reason !== this.#givenReason) {
      this.#givenReason = reason
      this.#keptReason = fitText(reason, MAX_REASON_BYTES)
    }
    return this.#keptReason
  }
}

function emptyColumn(): string[] {
  return new Array<string>(LEDGER_RECORDS + 1).fill('')
}

function questionOf(target: string): ProbeQuestion | undefined {
  // Costs one look-up for a target that is its path.
  const question = questions.get(target)
  if (question !== undefined || !/[?%]/.test(target)) return question
  return questions.get(parseTarget(target).path)
}

/** Without the rest, which a mere slice would keep alive. */
function cut(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text
  return Buffer.from(text.slice(0, maxCharacters)).toString()
}
