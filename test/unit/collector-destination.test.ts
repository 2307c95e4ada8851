// The file that the samples go to, on a real file system.
import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { FileDestination, StallableDestination } from '../../examples/collector/destination.js'
import { ScriptedDestination, settle } from '../collector-fakes.js'

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'health-actor-test-'))
  try {
    await use(folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}

describe('FileDestination', () => {
  it('appends to what is there', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'out')
      await writeFile(path, 'old\n')
      const destination = await FileDestination.open(path, 0)
      assert.equal(await destination.write(Buffer.from('new\n')), 4)
      await destination.close()
      assert.equal(await readFile(path, 'utf8'), 'old\nnew\n')
    }))

  it('keeps a full file under another name and starts anew', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'out')
      const destination = await FileDestination.open(path, 10)
      for (const line of ['1234\n', '5678\n', '90\n', '123456789012\n', 'x\n']) {
        await destination.write(Buffer.from(line))
      }
      await destination.close()
      assert.equal(await readFile(path, 'utf8'), 'x\n')
      assert.equal(await readFile(`${path}.1`, 'utf8'), '123456789012\n')
      assert.deepEqual((await readdir(folder)).sort(), ['out', 'out.1'])
    }))

  it('never splits a line over two files', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'out')
      const destination = await FileDestination.open(path, 10)
      for (const part of ['1234567', '8901234\n', 'x\n']) await destination.write(Buffer.from(part))
      await destination.close()
      assert.equal(await readFile(`${path}.1`, 'utf8'), '12345678901234\n')
      assert.equal(await readFile(path, 'utf8'), 'x\n')
    }))

  it('names the path that can not be opened', () =>
    inFolder(async (folder) => {
      const path = join(folder, 'nowhere', 'out')
      await assert.rejects(FileDestination.open(path, 0), { code: 'ENOENT', path })
    }))
})

describe('StallableDestination', () => {
  it('passes writes through when it is not stalled', async () => {
    const inner = new ScriptedDestination()
    const destination = new StallableDestination(inner)
    assert.equal(await destination.write(Buffer.from('a\n')), 2)
    assert.equal(inner.text, 'a\n')
  })

  it('lets a write hang while it is stalled, and gives it up when it is closed', async () => {
    const inner = new ScriptedDestination()
    const destination = new StallableDestination(inner)
    destination.stall(60_000)
    const write = destination.write(Buffer.from('a\n'))
    const refused = assert.rejects(write, { name: 'AbortError' })
    await settle()
    assert.equal(inner.writeCount, 0)
    await destination.close()
    await refused
  })
})
