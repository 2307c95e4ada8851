// What tests of abuse share: an attacker in a process of its own, and how long others wait meanwhile. Host thread only.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'

export const PROBES = 200
/** What an attack may add to the wait of others. */
const MAX_ADDED_MS = 50
/** Above what the process took before, once all have left and V8 has collected: late, but it does. */
export const MAX_GROWN_BYTES = 64 * 1024 * 1024
/** Under attack, 5,000 connections and what the system has not delivered of them included. */
export const MAX_UNDER_ATTACK_BYTES = 256 * 1024 * 1024

/** Descriptors that this process may have, and so may those that it starts. */
export function descriptorLimit(): number {
  const report = process.report.getReport() as unknown as {
    userLimits?: { open_files?: { soft: string | number } }
  }
  const soft = report.userLimits?.open_files?.soft
  return soft === 'unlimited' ? Infinity : Number(soft ?? Infinity)
}

/** Starts a program of this folder that attacks; resolves once it is at it, to what ends it. */
export async function attack(
  t: TestContext,
  program: string,
  port: number,
  kind: string,
  count: number,
): Promise<() => Promise<void>> {
  const path = fileURLToPath(new URL(program, import.meta.url))
  const child = spawn(process.execPath, [path, String(port), kind, String(count)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return async () => {
    child.stdin.end()
    await once(child, 'close')
  }
}

export interface Waits {
  readonly median: number
  readonly p95: number
  readonly p99: number
}

export interface Comparison {
  readonly attacked: Waits
  /** Of a program that nobody attacks, probed by turns with the other: what the machine does to anybody. */
  readonly control: Waits
}

/** How long each of so many probes of a program that is attacked, and of one that is not, took, in ms. */
export async function timeProbes(
  count: number,
  attacked: () => Promise<void>,
  control: () => Promise<void>,
): Promise<Comparison> {
  const times: [number[], number[]] = [[], []]
  for (let i = 0; i < count; i++) {
    for (const [of, probe] of [attacked, control].entries()) {
      const from = performance.now()
      await probe()
      times[of]!.push(performance.now() - from)
    }
  }
  return { attacked: waitsOf(times[0]), control: waitsOf(times[1]) }
}

function waitsOf(times: number[]): Waits {
  times.sort((a, b) => a - b)
  const at = (part: number) => times[Math.floor(times.length * part)]!
  return { median: at(0.5), p95: at(0.95), p99: at(0.99) }
}

/** Others are not to wait much longer for the attack's sake, by these parts of all probes. */
export function assertInTime(
  { attacked, control }: Comparison,
  parts: readonly (keyof Waits)[],
): void {
  for (const part of parts) {
    const ms = attacked[part] - control[part]
    assert.ok(ms < MAX_ADDED_MS, `${part}: ${ms} ms more than unattacked`)
  }
}

export function legible({ attacked, control }: Comparison): string {
  return `${legibleWaits(attacked)} (unattacked ${legibleWaits(control)})`
}

function legibleWaits({ median, p95, p99 }: Waits): string {
  return `median ${median.toFixed(1)}, p95 ${p95.toFixed(1)}, p99 ${p99.toFixed(1)} ms`
}
