// The half of a server process that is told what to do: one command a line on standard input, one line of JSON for each
// on standard output, written at once even where the loop is blocked next. Ends with its input.
//
//   serve COMPONENTS       -> {"port":P}       listens, everything healthy
//   change MILLIS          -> {}               one component changes every so many ms; 0: none does
//   block loop|regex MILLIS -> {"isBlocked":true}, then {"isFree":true}
//   rest                   -> {...}            ends what serve started
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Blocking, blockings } from './blocking.js'
import type { ServerReply } from './server-process.js'

export interface ServerProgram {
  serve(count: number): Promise<ServerReply>
  /** Changes one component every `everyMs` until told otherwise; 0 is never. */
  change(everyMs: number): void
  rest(): Promise<ServerReply>
  /** Commands that one program has beyond those of all. */
  readonly also?: Readonly<Record<string, (argument: number) => Promise<ServerReply>>>
}

const STANDARD_OUTPUT = 1

function say(reply: ServerReply): void {
  writeSync(STANDARD_OUTPUT, `${JSON.stringify(reply)}\n`)
}

async function carryOut(program: ServerProgram, line: string): Promise<ServerReply> {
  const [command = '', ...words] = line.split(' ')
  switch (command) {
    case 'serve':
      return program.serve(Number(words[0]))
    case 'change':
      program.change(Number(words[0]))
      return {}
    case 'block':
      say({ isBlocked: true })
      blockings[words[0] as Blocking](Number(words[1]))
      return { isFree: true }
    case 'rest':
      return program.rest()
    default: {
      const own = program.also?.[command]
      if (own === undefined) throw new Error(`unknown command: ${line}`)
      return own(Number(words[0]))
    }
  }
}

/** Takes commands until the input ends, then ends the process. */
export async function takeCommands(program: ServerProgram): Promise<never> {
  say({})
  for await (const line of createInterface({ input: process.stdin })) {
    say(await carryOut(program, line))
  }
  await program.rest()
  process.exit(0)
}
