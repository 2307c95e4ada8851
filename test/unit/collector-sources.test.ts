// Which collector reads what, and how a file is read again and again.
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { ProcFile } from '../../examples/collector/proc/proc-file.js'
import { planCollectors, SOURCES } from '../../examples/collector/proc/sources.js'
import { parseStat } from '../../examples/collector/proc/stat.js'

describe('planCollectors', () => {
  it('deals every source to exactly one of up to seven collectors', () => {
    for (let count = 1; count <= SOURCES.length; count++) {
      const files = planCollectors(count).flatMap((plan) => plan.files)
      assert.deepEqual(files.sort(), SOURCES.map((source) => source.file).sort(), `count=${count}`)
    }
  })

  it('gives each of 64 collectors a name of its own and something to read', () => {
    const plans = planCollectors(64)
    assert.equal(new Set(plans.map((plan) => plan.name)).size, 64)
    assert.ok(plans.every((plan) => plan.files.length > 0))
  })

  it('names four collectors after what they read first', () => {
    assert.deepEqual(planCollectors(4), [
      { name: 'cpu', files: ['stat', 'loadavg'] },
      { name: 'memory', files: ['meminfo', 'self/stat'] },
      { name: 'network', files: ['net/dev', 'self/io'] },
      { name: 'disk', files: ['diskstats'] },
    ])
  })
})

describe('ProcFile', () => {
  const inFolder = (use: (path: string) => void) => {
    const folder = mkdtempSync(join(tmpdir(), 'health-actor-test-'))
    try {
      use(join(folder, 'file'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  it('reads the file as it is at each call', () => {
    inFolder((path) => {
      writeFileSync(path, 'one')
      const file = new ProcFile(path)
      assert.equal(file.read(), 'one')
      writeFileSync(path, 'two!')
      assert.equal(file.read(), 'two!')
      file.close()
    })
  })

  it('reads a file that is longer than its buffer', () => {
    inFolder((path) => {
      const text = 'x'.repeat(100_000)
      writeFileSync(path, text)
      const file = new ProcFile(path)
      assert.equal(file.read(), text)
      file.close()
    })
  })

  it('throws for a missing file and reads it once it is there', () => {
    inFolder((path) => {
      const file = new ProcFile(path)
      assert.throws(() => file.read(), /ENOENT/)
      writeFileSync(path, 'here')
      assert.equal(file.read(), 'here')
      file.close()
    })
  })

  it('reads what this kernel tells', { skip: !existsSync('/proc/stat') }, () => {
    const file = new ProcFile('/proc/stat')
    assert.ok(parseStat(file.read()).cpuCount > 0)
    file.close()
  })
})
