// A memory cgroup of a test's own, of either version, below where the kernel's files are mounted.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CGROUP_ROOT, readCgroupMemory } from '../../../src/watch/cgroup.js'
import { CollectorProcess } from '../collector-process.js'

/** Moves the shell into the cgroup, which then becomes the program. */
const ENTER = 'echo $$ > "$0/cgroup.procs" && exec "$@"'

export class MemoryCgroup {
  readonly directory: string

  /** Without a limit if none is given. @throws where the test may not, or there is none to be had. */
  constructor(limitBytes?: number) {
    const isUnified = existsSync(join(CGROUP_ROOT, 'cgroup.controllers'))
    const base = isUnified ? CGROUP_ROOT : join(CGROUP_ROOT, 'memory')
    this.directory = mkdtempSync(join(base, 'health-actor-test-'))
    try {
      const file = isUnified ? 'memory.max' : 'memory.limit_in_bytes'
      // On version 2 the file is there only if the level above hands the controller down.
      writeFileSync(join(this.directory, file), `${limitBytes ?? (isUnified ? 'max' : -1)}`, {
        flag: 'r+',
      })
    } catch (error) {
      this.remove()
      throw error
    }
  }

  /** The command line that runs another one in it. */
  around(command: readonly string[]): string[] {
    return ['sh', '-c', ENTER, this.directory, ...command]
  }

  /** Once nothing runs in it any more. */
  remove(): void {
    rmdirSync(this.directory)
  }
}

/** The sample collector in that cgroup, as a class for `withCollector`. */
export function collectorIn(cgroup: MemoryCgroup): typeof CollectorProcess {
  return class extends CollectorProcess {
    protected override commandLine(own: readonly string[]): readonly string[] {
      return cgroup.around(own)
    }
  }
}

/** The options of tests that need such cgroups: skipped where they can't be made, or a program in one does not find its own. */
export function withMemoryCgroups(): { skip?: string } {
  const limitBytes = 2 ** 30
  let cgroup: MemoryCgroup
  try {
    cgroup = new MemoryCgroup(limitBytes)
  } catch (error) {
    return { skip: `no memory cgroup can be made here: ${(error as Error).message}` }
  }
  try {
    const [command = '', ...args] = cgroup.around(['cat', '/proc/self/cgroup'])
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    assert.equal(readCgroupMemory(CGROUP_ROOT, stdout).limitBytes, BigInt(limitBytes))
    return {}
  } catch (error) {
    return { skip: `a program does not find its memory cgroup here: ${(error as Error).message}` }
  } finally {
    cgroup.remove()
  }
}
