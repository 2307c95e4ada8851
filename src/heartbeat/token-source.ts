// The cluster's token: given once, or in a file that somebody else renews. It is shown to nobody: what says that it cannot
// be used names the file, never what is in it. Heartbeat actor's thread.
import { readFileSync } from 'node:fs'
import { CallError } from './transport.js'

/** What a header may carry. A token that is longer than any control plane's is a wrong file. */
const TOKEN = /^[!-~]{1,16384}$/

export function isToken(text: unknown): text is string {
  return typeof text === 'string' && TOKEN.test(text)
}

/** Where the token comes from; neither sends none. */
export interface TokenPlace {
  readonly token: string | undefined
  readonly tokenFile: string | undefined
}

/**
 * The token of now; undefined where none is to be sent. The file is read each time: it is small, and a mounted secret is
 * renewed under the same name.
 * @throws CallError FAILED_PRECONDITION naming the file.
 */
export function readToken({ token, tokenFile }: TokenPlace): string | undefined {
  if (tokenFile === undefined) return token
  let text: string
  try {
    text = readFileSync(tokenFile, 'utf8').trim()
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown'
    throw new CallError('FAILED_PRECONDITION', `tokenFile=${tokenFile}: cannot be read: ${code}`)
  }
  if (isToken(text)) return text
  throw new CallError('FAILED_PRECONDITION', `tokenFile=${tokenFile}: holds no token`)
}
