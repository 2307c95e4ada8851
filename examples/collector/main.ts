// The sample collector: `npm start -- --help`. Reads the command line, runs, and turns what happened into an exit code:
// 0 = every sample is accounted for and none was left behind, 1 = it could not run or finish, 2 = bad options.
import { OptionError, parseOptions, USAGE } from './options.js'
import { findMissing } from './platform.js'
import { run } from './run.js'

async function main(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv)
  if (options.help) {
    console.log(USAGE)
    return 0
  }
  const missing = findMissing(options.procfs)
  if (missing !== undefined) throw new Error(missing)
  const exitCode = await run(options)
  // A reader of standard output that has stopped reading must not keep the program from ending.
  if (exitCode !== 0 && options.out === '-') process.exit(exitCode)
  return exitCode
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  const isUsage = error instanceof OptionError
  console.error(`collector: ${(error as Error).message}`)
  if (isUsage) console.error('try: npm start -- --help')
  process.exitCode = isUsage ? 2 : 1
}
