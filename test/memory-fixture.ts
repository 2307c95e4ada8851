// A cgroup file system in a folder of its own, which goes with the test.
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'

export class CgroupFixture {
  readonly root: string

  constructor(t: TestContext, files: Readonly<Record<string, string>>) {
    this.root = mkdtempSync(join(tmpdir(), 'health-actor-cgroup-'))
    t.after(() => rmSync(this.root, { recursive: true, force: true }))
    for (const [file, text] of Object.entries(files)) this.write(file, text)
  }

  /** As the kernel's files: a reader finds the old text or the new one. */
  write(file: string, text: string): void {
    const path = join(this.root, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.new`, text)
    renameSync(`${path}.new`, path)
  }
}

/** Version 2, at the root. */
export function unified(current: string, max: string): Record<string, string> {
  return {
    'cgroup.controllers': 'cpu memory pids\n',
    'memory.current': `${current}\n`,
    'memory.max': `${max}\n`,
  }
}

/** Version 1, at the root of the memory controller. */
export function legacy(usage: string, limit: string): Record<string, string> {
  return {
    'memory/memory.usage_in_bytes': `${usage}\n`,
    'memory/memory.limit_in_bytes': `${limit}\n`,
  }
}
