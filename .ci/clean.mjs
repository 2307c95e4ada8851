// Removes the build output, so that no file of a deleted source is left in it.
import { rmSync } from 'node:fs'

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })
