// The memory of this process's cgroup, as the kernel counts it: version 1 and 2. Any thread; nothing is kept from one
// reading to the next, as a process may be moved.
//
// The files are read synchronously, on purpose: they are answered from the kernel's memory, and the thread pool that an
// asynchronous read goes through belongs to the whole process, also when its main thread has filled it.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { show } from '../model/errors.js'

export const CGROUP_ROOT = '/sys/fs/cgroup'

/** What one reading gave. */
export interface CgroupMemory {
  /** The kernel's raw counter, page cache included. */
  readonly usageBytes: bigint
  /** Undefined where there is no limit. */
  readonly limitBytes: bigint | undefined
  /** How much of the time tasks stood still for want of memory, by PSI key, in the kernel's words; empty where it does not tell. */
  readonly pressure: Readonly<Record<string, string>>
}

/** The files of one version of the interface, and where the kernel mounts them. */
interface Hierarchy {
  readonly subsystem: string
  readonly usageFile: string
  readonly limitFile: string
  isUnlimited(limit: string): boolean
  /** Whether a line of `/proc/self/cgroup` is about it. */
  isMember(hierarchyId: string, controllers: string): boolean
}

/** Limits are rounded to pages, so that "none" is not one number; no machine has this much. */
const V1_UNLIMITED = 2n ** 62n

const V1: Hierarchy = {
  subsystem: 'memory',
  usageFile: 'memory.usage_in_bytes',
  limitFile: 'memory.limit_in_bytes',
  isUnlimited: (limit) => isUnsigned64(limit) && BigInt(limit) >= V1_UNLIMITED,
  isMember: (_, controllers) => controllers.split(',').includes('memory'),
}

const V2: Hierarchy = {
  subsystem: '',
  usageFile: 'memory.current',
  limitFile: 'memory.max',
  isUnlimited: (limit) => limit === 'max',
  isMember: (hierarchyId, controllers) => hierarchyId === '0' && controllers === '',
}

/** Version 2 only, and only where the kernel was built and started with it. */
const PRESSURE_FILE = 'memory.pressure'

/**
 * Reads usage, limit and pressure. `membership` is the text of `/proc/self/cgroup`.
 * @throws Error that names the file which is missing, unreadable or not a number.
 */
export function readCgroupMemory(
  root: string = CGROUP_ROOT,
  membership: string = readMembership(),
): CgroupMemory {
  if (!existsSync(root)) throw new Error(`${root}: no cgroup file system, on ${process.platform}`)
  const hierarchy = existsSync(join(root, 'cgroup.controllers')) ? V2 : V1
  const directory = directoryOf(root, hierarchy, membership)
  const usageBytes = readBytes(join(directory, hierarchy.usageFile))
  const limitFile = join(directory, hierarchy.limitFile)
  const limit = readTrimmed(limitFile)
  return {
    usageBytes,
    limitBytes: hierarchy.isUnlimited(limit) ? undefined : parseBytes(limitFile, limit),
    pressure: readPressure(join(directory, PRESSURE_FILE)),
  }
}

/**
 * The directory of this process. In a container its path is often that of the host, of which nothing is mounted: then what
 * is mounted at the root is its own.
 */
function directoryOf(root: string, hierarchy: Hierarchy, membership: string): string {
  const base = join(root, hierarchy.subsystem)
  let path = ''
  for (const line of membership.split('\n')) {
    // The path may have colons of its own.
    const [, hierarchyId, controllers, rest] = /^([^:]*):([^:]*):(.*)$/.exec(line) ?? []
    if (rest !== undefined && hierarchy.isMember(hierarchyId!, controllers!)) path = rest
  }
  if (path === '' || path === '/') return base
  const own = join(base, path)
  return existsSync(own) ? own : base
}

function readMembership(): string {
  try {
    return readFileSync('/proc/self/cgroup', 'utf8')
  } catch {
    // Not mounted, or not Linux. Then the root is all there is to look at.
    return ''
  }
}

function readTrimmed(file: string): string {
  return readFileSync(file, 'utf8').trim()
}

function readBytes(file: string): bigint {
  return parseBytes(file, readTrimmed(file))
}

function parseBytes(file: string, text: string): bigint {
  if (isUnsigned64(text)) return BigInt(text)
  throw new Error(`${file}: ${show(text)} is not an unsigned 64-bit decimal number`)
}

function isUnsigned64(text: string): boolean {
  return /^\d+$/.test(text) && BigInt(text) < 2n ** 64n
}

/** Some or all tasks stalled, in percent of the last 10 and 60 s. */
const PRESSURE_LINE = /^(some|full) avg10=(\d+\.\d+) avg60=(\d+\.\d+) /gm

/** An addition to the reading, which must not cost it: what can't be read or understood is left out. */
function readPressure(file: string): Record<string, string> {
  const pressure: Record<string, string> = {}
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // Version 1, an old kernel, or one started with psi=0, where opening or reading the file fails.
    return pressure
  }
  for (const [, share, avg10, avg60] of text.matchAll(PRESSURE_LINE)) {
    pressure[`psi_${share}_avg10`] = avg10!
    pressure[`psi_${share}_avg60`] = avg60!
  }
  return pressure
}
