// Says what is missing where this program can't run. Pure but for the look at the file system that is passed in.
import { existsSync } from 'node:fs'

/** Undefined when all is there. */
export function findMissing(
  procfs: string,
  platform: string = process.platform,
  exists: (path: string) => boolean = existsSync,
): string | undefined {
  if (platform !== 'linux') {
    return `the sample collector reads /proc, which only Linux has: platform=${platform}`
  }
  if (!exists(`${procfs}/stat`)) {
    return `no procfs is mounted there: ${procfs}/stat is missing (see --procfs)`
  }
  return undefined
}
