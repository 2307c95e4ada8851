// Copies generated code beside what the compiler has written: it is JavaScript already, with its types next to it.
import { cpSync } from 'node:fs'

const folder = 'src/heartbeat/generated'
cpSync(new URL(`../${folder}`, import.meta.url), new URL(`../dist/${folder}`, import.meta.url), {
  recursive: true,
})
