// The command line. Pure: text in, checked options or a typed error out.
import { parseArgs } from 'node:util'
import { tryParseDurationMs } from './duration.js'

export const USAGE = `usage: npm start -- [options]

Samples /proc with several threads, writes the samples as NDJSON, and answers health probes meanwhile.

  --seconds N      end after N seconds (default: run until SIGINT or SIGTERM)
  --port P         port of the probes, 0 = any free one (default 8081)
  --host H         address of the probes (default 127.0.0.1)
  --grpc-port P    answer gRPC health probes there as well, 0 = any free port (default: none)
  --rate N         samples a second of each collector, 1 to 20000 (default 1000)
  --collectors N   collector threads, 1 to 64 (default 4)
  --queue N        samples that may wait for the sink, of each collector, 16 to 65536 (default 2048)
  --out FILE       where the samples go, appended; - = standard output (default: a new file in the temporary folder)
  --rotate-mib N   start FILE anew at N MiB and keep the full one as FILE.1, 0 = never (default 64)
  --procfs DIR     where procfs is mounted (default /proc)
  --wedged TIME    how long the main thread may be stuck before liveness fails, from 100ms (default 10s)
  --deadline TIME  how long a collector may be silent before it is unhealthy, from 100ms (default 5s)
  --stall TIME     how long the queue and the sink may take in and give nothing out, from 100ms (default 2s)
  --kubeconfig F   have the heartbeats' thread ask that file's API server for the node operator and this Pod's last end (default: in a
                   Pod with POD_NAME, POD_NAMESPACE and a service account token, by that; elsewhere not)
  --incident FILE  where last words go in full, each in place of the one before (default: nowhere)
  --fault F[@AT]   make something fail AT this long after the start (default 2s); may be given several times:
                     block-main=5s    keep the main thread busy, as a runaway computation does (see --wedged)
                     regex=5s         the same by regular expressions that backtrack
                     wait=5s          put the main thread to sleep in Atomics.wait
                     crypto=5s        have the main thread derive keys synchronously, in native code
                     hang-collector=10s  let a collector thread hang (see --deadline)
                     kill-collector   end a collector thread at any instruction
                     kill-manager     end the thread that keeps the health
                     stall-sink=10s   let the destination take nothing, as a dead disk or network does (see --stall)
                     fill-memory=10s  fill the memory until its cgroup's limit is near, where there is one, and let go of it after that time
  --help           show this`

const LASTING = [
  'block-main',
  'regex',
  'wait',
  'crypto',
  'hang-collector',
  'stall-sink',
  'fill-memory',
] as const
const SUDDEN = ['kill-collector', 'kill-manager'] as const

type LastingKind = (typeof LASTING)[number]
type SuddenKind = (typeof SUDDEN)[number]

export type Fault =
  | { readonly kind: LastingKind; readonly forMs: number; readonly atMs: number }
  | { readonly kind: SuddenKind; readonly atMs: number }

export interface CollectorOptions {
  readonly help: boolean
  readonly seconds: number | undefined
  readonly port: number
  readonly host: string
  readonly grpcPort: number | undefined
  readonly rate: number
  readonly collectors: number
  readonly queue: number
  /** `-` is standard output; undefined asks for a new file in the temporary folder. */
  readonly out: string | undefined
  readonly rotateMib: number
  readonly procfs: string
  readonly wedgedMs: number
  readonly deadlineMs: number
  readonly stallMs: number
  readonly kubeconfig: string | undefined
  readonly incident: string | undefined
  readonly faults: readonly Fault[]
}

/** What was typed can't be used; the message names the option and its value. */
export class OptionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'OptionError'
  }
}

const DEFAULT_FAULT_AT_MS = 2_000
const MAX_THRESHOLD_MS = 60 * 60_000

/** @throws OptionError for anything that is not understood. */
export function parseOptions(argv: readonly string[]): CollectorOptions {
  const { values } = readArguments(argv)
  return {
    help: values.help ?? false,
    seconds: values.seconds === undefined ? undefined : secondsOf(values.seconds),
    port: integerOf('port', values.port, 8081, 0, 65_535),
    host: textOf('host', values.host, '127.0.0.1'),
    grpcPort:
      values['grpc-port'] === undefined
        ? undefined
        : integerOf('grpc-port', values['grpc-port'], 0, 0, 65_535),
    rate: integerOf('rate', values.rate, 1_000, 1, 20_000),
    collectors: integerOf('collectors', values.collectors, 4, 1, 64),
    queue: integerOf('queue', values.queue, 2_048, 16, 65_536),
    out: values.out === undefined ? undefined : textOf('out', values.out, '-'),
    rotateMib: integerOf('rotate-mib', values['rotate-mib'], 64, 0, 2 ** 20),
    procfs: textOf('procfs', values.procfs, '/proc'),
    wedgedMs: thresholdOf('wedged', values.wedged ?? '10s'),
    deadlineMs: thresholdOf('deadline', values.deadline ?? '5s'),
    stallMs: thresholdOf('stall', values.stall ?? '2s'),
    kubeconfig:
      values.kubeconfig === undefined ? undefined : textOf('kubeconfig', values.kubeconfig, ''),
    incident: values.incident === undefined ? undefined : textOf('incident', values.incident, ''),
    faults: (values.fault ?? []).map(parseFault),
  }
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        help: { type: 'boolean', short: 'h' },
        seconds: { type: 'string' },
        port: { type: 'string' },
        host: { type: 'string' },
        'grpc-port': { type: 'string' },
        rate: { type: 'string' },
        collectors: { type: 'string' },
        queue: { type: 'string' },
        out: { type: 'string' },
        'rotate-mib': { type: 'string' },
        procfs: { type: 'string' },
        wedged: { type: 'string' },
        deadline: { type: 'string' },
        stall: { type: 'string' },
        kubeconfig: { type: 'string' },
        incident: { type: 'string' },
        fault: { type: 'string', multiple: true },
      },
    })
  } catch (error) {
    // Node's own messages name the option and end in advice on `--`, which nobody needs here.
    const [first = ''] = (error as Error).message.split('. ')
    throw new OptionError(first, { cause: error })
  }
}

function bad(option: string, value: string, rule: string): OptionError {
  return new OptionError(`--${option} value=${JSON.stringify(value)}: ${rule}`)
}

function integerOf(
  option: string,
  text: string | undefined,
  standard: number,
  minimum: number,
  maximum: number,
): number {
  if (text === undefined) return standard
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= minimum && value <= maximum)) {
    throw bad(option, text, `must be an integer from ${minimum} to ${maximum}`)
  }
  return value
}

function secondsOf(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
  if (!(value > 0 && value <= 2_000_000)) {
    throw bad('seconds', text, 'must be a number of seconds above 0 and at most 2000000')
  }
  return value
}

function textOf(option: string, text: string | undefined, standard: string): string {
  if (text === undefined) return standard
  if (text === '') throw bad(option, text, 'must not be empty')
  return text
}

function thresholdOf(option: string, text: string): number {
  const ms = tryParseDurationMs(text)
  if (ms === undefined || ms < 100 || ms > MAX_THRESHOLD_MS) {
    throw bad(option, text, 'must be like 5s or 500ms, from 100ms to 60m')
  }
  return Math.round(ms)
}

function parseFault(text: string): Fault {
  const [what = '', at, ...more] = text.split('@')
  const atMs = at === undefined ? DEFAULT_FAULT_AT_MS : tryParseDurationMs(at)
  if (atMs === undefined || more.length > 0) {
    throw bad('fault', text, 'the time behind @ must be like 2s or 500ms')
  }
  const equals = what.indexOf('=')
  const kind = equals < 0 ? what : what.slice(0, equals)
  const duration = equals < 0 ? undefined : what.slice(equals + 1)
  if (isOneOf(LASTING, kind)) {
    const forMs = tryParseDurationMs(duration ?? '')
    if (forMs === undefined) throw bad('fault', text, `must be like ${kind}=5s or ${kind}=500ms`)
    return { kind, forMs, atMs }
  }
  if (isOneOf(SUDDEN, kind)) {
    if (duration !== undefined) throw bad('fault', text, `${kind} takes no duration`)
    return { kind, atMs }
  }
  const known = [...LASTING.map((each) => `${each}=TIME`), ...SUDDEN]
  throw bad('fault', text, `must be one of ${known.join(', ')}`)
}

function isOneOf<Word extends string>(words: readonly Word[], text: string): text is Word {
  return words.some((word) => word === text)
}
