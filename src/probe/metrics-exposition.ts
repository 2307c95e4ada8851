// Samples as Prometheus text. The one file that loads prom-client; whoever wants it imports it dynamically, in the
// probe actor's thread. No family is ever registered with prom-client's own global registry.
//
// Of prom-client only these parts are loaded: the whole brings its push gateway along, and with that node:http, https and
// zlib, which takes ten times as long and some 7 MB. To be dropped with a version whose main entry loads them late.
import Counter from 'prom-client/lib/counter.js'
import Gauge from 'prom-client/lib/gauge.js'
import Histogram from 'prom-client/lib/histogram.js'
import Registry from 'prom-client/lib/registry.js'
import type { FamilySpec, Sample } from './metrics-families.js'

/** Samples written in one go: less than a millisecond, after which a probe that waits is answered. */
const SLICE_SAMPLES = 250

const PROTOTYPES = { counter: Counter, gauge: Gauge, histogram: Histogram }

/**
 * A family whose samples are given whole, rather than counted by prom-client, which would copy and hash each. The head
 * that it shows is that of an idle metric of its type.
 */
class Family extends Gauge {
  readonly #head: ReturnType<Gauge['get']>
  samples: Sample[] = []

  constructor({ name, help, type, labelNames }: FamilySpec, registry: Registry) {
    super({ name, help, labelNames, registers: [registry] })
    this.#head = new PROTOTYPES[type]({ name, help, labelNames, registers: [] }).get()
  }

  override async get() {
    return { ...(await this.#head), values: this.samples }
  }
}

/** Writes one text at a time. */
export class Exposition {
  readonly #registry = new Registry()
  readonly #families: readonly (readonly [FamilySpec, Family])[]
  readonly #encoder = new TextEncoder()

  constructor(specs: readonly FamilySpec[]) {
    this.#families = specs.map((spec) => [spec, new Family(spec, this.#registry)])
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** All families; `pause` is awaited after each slice but the last one of a family. */
  async write(
    samplesOf: (spec: FamilySpec) => Iterable<Sample>,
    pause: () => Promise<unknown>,
  ): Promise<Uint8Array> {
    const parts: Uint8Array[] = []
    for (const [spec, family] of this.#families) {
      let isFirst = true
      for (const slice of slicesOf(samplesOf(spec))) {
        if (!isFirst) await pause()
        family.samples = slice
        const text = await this.#registry.getSingleMetricAsString(spec.name)
        // Every slice comes with the head of its family.
        const start = isFirst ? 0 : text.indexOf('\n', text.indexOf('\n') + 1) + 1
        parts.push(this.#encoder.encode(`${text.slice(start)}\n`))
        isFirst = false
      }
      family.samples = []
    }
    return Buffer.concat(parts)
  }
}

/** At least one slice, if an empty one. */
function* slicesOf(samples: Iterable<Sample>): Iterable<Sample[]> {
  let slice: Sample[] = []
  for (const sample of samples) {
    if (slice.length === SLICE_SAMPLES) {
      yield slice
      slice = []
    }
    slice.push(sample)
  }
  yield slice
}
