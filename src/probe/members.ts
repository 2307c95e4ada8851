// The members of `components`, rendered once for all bodies that show them. A member is rendered again only when
// its component has changed; all others are copied, neighbours in one piece, from the bytes of the time before.
// Belongs to one thread.
import type { HealthStatus } from '../model/health-status.js'
import type { ComponentStatus, HealthReport } from '../model/report.js'
import { renderMember } from './render.js'

/** The members of one report. Memory is the dearest part of a large one, so two of these are used in turns. */
interface Rendering {
  count: number
  readonly names: string[]
  readonly statuses: ComponentStatus[]
  /** Of each component, so that nobody has to visit ten thousand objects to find the one that is unhealthy. */
  levels: Uint8Array
  /** Where each member ends in `bytes`; each begins where the one before it ends. */
  ends: Uint32Array
  bytes: Uint8Array
}

export class ComponentMembers {
  readonly #render: typeof renderMember
  #report: HealthReport | undefined
  #shown = createRendering()
  #spare = createRendering()

  /** `render` is passed by tests. */
  constructor(render = renderMember) {
    this.#render = render
  }

  /** All members in the order of the report, each with a comma at its end. Valid until the next `update`. */
  get bytes(): Uint8Array {
    const { bytes, count } = this.#shown
    return bytes.subarray(0, startOf(this.#shown, count))
  }

  /** One member with the comma at its end. Valid until the next `update`. */
  member(position: number): Uint8Array {
    const { bytes, ends } = this.#shown
    return bytes.subarray(startOf(this.#shown, position), ends[position])
  }

  /** How long `member` is, for less than it costs. */
  memberBytes(position: number): number {
    return this.#shown.ends[position]! - startOf(this.#shown, position)
  }

  name(position: number): string {
    return this.#shown.names[position]!
  }

  status(position: number): ComponentStatus {
    return this.#shown.statuses[position]!
  }

  /** -1 if there is no such component. */
  find(name: string): number {
    return this.#report?.has(name) ? this.#shown.names.indexOf(name) : -1
  }

  /** The first position from `from` on with this status; -1 if there is none. */
  findStatus(status: HealthStatus, from: number): number {
    const { levels, count } = this.#shown
    const position = levels.indexOf(status, from)
    return position < count ? position : -1
  }

  /** From now on these are the members of this report. Costs next to nothing for the report that it shows already. */
  update(report: HealthReport): void {
    if (report === this.#report) return
    const next = this.#spare
    reserve(next, report.size)
    const pieces = this.#collect(report, next)
    copyPieces(pieces, next)
    this.#spare = this.#shown
    this.#shown = next
    this.#report = report
  }

  /** Fills in all of `next` but its bytes; these are the pieces to make them of. */
  #collect(report: HealthReport, next: Rendering): Uint8Array[] {
    const last = this.#shown
    const pieces: Uint8Array[] = []
    let positions: ReadonlyMap<string, number> | undefined
    // Of the neighbours in `last.bytes` that are to be copied in one piece next; none while it ends at -1.
    let start = -1
    let end = -1
    const flush = () => {
      if (end !== -1) pieces.push(last.bytes.subarray(start, end))
      end = -1
    }
    let position = 0
    let known = 0
    let bytes = 0
    const names = report.keys()
    for (const status of report.values()) {
      const name: string = names.next().value!
      if (last.names[known] !== name) {
        positions ??= positionsOf(last)
        known = positions.get(name) ?? -1
      }
      // Keyed by identity: the runtime hands out the same frozen object as long as a component is unchanged.
      if (known !== -1 && last.statuses[known] === status) {
        const knownStart = startOf(last, known)
        if (knownStart !== end) {
          flush()
          start = knownStart
        }
        end = last.ends[known]!
        bytes += end - knownStart
        next.levels[position] = last.levels[known]!
      } else {
        flush()
        const member = Buffer.from(`${this.#render(name, status)},`)
        pieces.push(member)
        bytes += member.length
        next.levels[position] = status.status
      }
      next.names[position] = name
      next.statuses[position] = status
      next.ends[position] = bytes
      position++
      known++
    }
    flush()
    next.count = position
    return pieces
  }
}

function createRendering(): Rendering {
  return {
    count: 0,
    names: [],
    statuses: [],
    levels: new Uint8Array(0),
    ends: new Uint32Array(0),
    bytes: new Uint8Array(0),
  }
}

/** Makes room for so many members, but for their bytes, and lets go of those of more that were there. */
function reserve(rendering: Rendering, count: number): void {
  rendering.names.length = Math.min(rendering.names.length, count)
  rendering.statuses.length = Math.min(rendering.statuses.length, count)
  if (rendering.ends.length < count || rendering.ends.length > 2 * count) {
    rendering.ends = new Uint32Array(count)
    rendering.levels = new Uint8Array(count)
  }
}

/** Bytes beyond those that are needed, so that a message that grows does not cost an allocation each time. */
const SLACK = 1.25

function copyPieces(pieces: readonly Uint8Array[], next: Rendering): void {
  const bytes = startOf(next, next.count)
  if (next.bytes.length < bytes || next.bytes.length > 4 * bytes) {
    next.bytes = Buffer.allocUnsafeSlow(Math.ceil(bytes * SLACK))
  }
  let at = 0
  for (const piece of pieces) {
    next.bytes.set(piece, at)
    at += piece.length
  }
}

function startOf({ ends }: Rendering, position: number): number {
  return position === 0 ? 0 : ends[position - 1]!
}

function positionsOf({ names, count }: Rendering): ReadonlyMap<string, number> {
  const positions = new Map<string, number>()
  for (let position = 0; position < count; position++) positions.set(names[position]!, position)
  return positions
}
