// What a kubelet is told where the whole body is longer than it reads: the verdict, why, and as many components as
// fit, those that explain the verdict first. Pure; any thread.
import { HealthStatus, healthStatusName } from '../model/health-status.js'
import { quote, quoteWithin } from './go-json.js'
import type { ProbeRequest } from './listener.js'
import type { ComponentMembers } from './members.js'
import { BODY_FRAME_BYTES, renderBody, renderVerdict } from './render.js'

/** A kubelet reads no more of a body, and closes. Field notes § 1. */
export const KUBELET_BYTES = 10 * 1024

/** An error may be as long as a message, and must leave room for components. */
const MAX_ERROR_BYTES = KUBELET_BYTES / 2

const WORST_FIRST = [
  HealthStatus.Unhealthy,
  HealthStatus.Degraded,
  HealthStatus.Unspecified,
  HealthStatus.Healthy,
]

/** No member is shorter, so with less room than this nothing is worth a look. */
const MIN_MEMBER_BYTES = '"x":{"status":"healthy"},'.length

export function isKubelet(request: ProbeRequest): boolean {
  return isKubeletAgent(request.header('user-agent'))
}

export function isKubeletAgent(userAgent: string): boolean {
  return userAgent.startsWith('kube-probe/')
}

/**
 * A body of at most `KUBELET_BYTES`, in the shape of the whole one. The members are in the order of what they explain,
 * not of their names: first `failing`, in this order, then the others from unhealthy to healthy. One that does not fit
 * is left out, but for the first that fails, whose message is cut.
 */
export function renderForKubelet(
  status: string,
  error: string | undefined,
  failing: readonly string[],
  members: ComponentMembers,
): Uint8Array {
  const verdict = renderVerdict(status, error, (text) => quoteWithin(text, MAX_ERROR_BYTES))
  const roomBytes = KUBELET_BYTES - Buffer.byteLength(verdict) - BODY_FRAME_BYTES
  return renderBody(verdict, new Selection(members, roomBytes).select(failing))
}

class Selection {
  readonly #members: ComponentMembers
  readonly #parts: Uint8Array[] = []
  readonly #taken = new Set<number>()
  #roomBytes: number

  constructor(members: ComponentMembers, roomBytes: number) {
    this.#members = members
    this.#roomBytes = roomBytes
  }

  select(failing: readonly string[]): Uint8Array {
    for (const name of failing) {
      if (this.#roomBytes < MIN_MEMBER_BYTES) break
      const position = this.#members.find(name)
      if (position === -1) continue
      const isFirst = this.#taken.size === 0
      this.#take(position, isFirst ? this.#cutToFit(position) : this.#members.member(position))
    }
    for (const status of WORST_FIRST) this.#takeAll(status)
    return Buffer.concat(this.#parts)
  }

  #takeAll(status: HealthStatus): void {
    const members = this.#members
    let position = members.findStatus(status, 0)
    while (position !== -1 && this.#roomBytes >= MIN_MEMBER_BYTES) {
      const fits = members.memberBytes(position) <= this.#roomBytes
      if (fits && !this.#taken.has(position)) this.#take(position, members.member(position))
      position = members.findStatus(status, position + 1)
    }
  }

  #take(position: number, member: Uint8Array): void {
    if (member.length > this.#roomBytes) return
    this.#roomBytes -= member.length
    this.#parts.push(member)
    this.#taken.add(position)
  }

  /** The member, or what fits of it: its message cut, and no metadata. */
  #cutToFit(position: number): Uint8Array {
    const member = this.#members.member(position)
    if (member.length <= this.#roomBytes) return member
    const { status, message } = this.#members.status(position)
    const head = `${quote(this.#members.name(position))}:{"status":"${healthStatusName(status)}"`
    const roomBytes = this.#roomBytes - Buffer.byteLength(`${head},"message":},`)
    return Buffer.from(
      message === '' ? `${head}},` : `${head},"message":${quoteWithin(message, roomBytes)}},`,
    )
  }
}
