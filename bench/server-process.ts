// The servers that are measured in processes of their own, so that each has its own main loop, to block or to leave idle:
// ours and its peers. For the bench's main thread; `server-commands.ts` is the other half.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { LineProcess } from './line-process.js'

/** What a server process answers. */
export interface ServerReply {
  readonly port?: number
  readonly transport?: string
  /** The main loop is blocked from now on; a second line follows when it is free again. */
  readonly isBlocked?: boolean
  readonly isFree?: boolean
  /** What saturating producers have told, and what became of it. */
  readonly told?: number
  readonly transitions?: number
  /** Reads answered with the last applied state, since the server's start. */
  readonly staleReads?: number
}

export interface ServerKind {
  /** As shown in the rows. */
  readonly name: string
  readonly entry: string
  readonly path: string
  /** Packages that it needs and that need not be installed. */
  readonly packages: readonly string[]
  /** The answer of a peer that cannot be told what to answer; undefined where it is the same JSON as ours. */
  readonly ownBody?: string
}

export const OURS: ServerKind = {
  name: 'health-actor',
  entry: './our-server.js',
  path: '/healthz',
  packages: [],
}
export const OURS_AGAIN: ServerKind = { ...OURS, name: 'health-actor again' }
export const NODE_HTTP: ServerKind = {
  name: 'node:http',
  entry: './peers/node-http-server.js',
  path: '/healthz',
  packages: [],
}
/** Probe servers that others have made for Node.js. */
const PACKAGED_PEERS: readonly ServerKind[] = [
  {
    name: 'lightship, own body',
    entry: './peers/lightship-server.js',
    path: '/health',
    packages: ['lightship'],
    ownBody: 'SERVER_IS_READY',
  },
  {
    name: '@godaddy/terminus',
    entry: './peers/terminus-server.js',
    path: '/healthz',
    packages: ['@godaddy/terminus'],
  },
  {
    name: '@fastify/under-pressure',
    entry: './peers/under-pressure-server.js',
    path: '/healthz',
    packages: ['@fastify/under-pressure', 'fastify'],
  },
]

/** One that listens. */
export interface Server extends Pick<ServerKind, 'name' | 'path' | 'ownBody'> {
  readonly port: number
  readonly transport: string | undefined
  readonly process: LineProcess<ServerReply>
}

/** A peer that is not in this run, and why. */
export interface Skipped {
  readonly name: string
  readonly why: string
}

/** Those of a run: none of a quick one, as each costs a row some seconds, and then why not. */
export function packagedPeers(isQuick: boolean): {
  readonly kinds: readonly ServerKind[]
  readonly skipped: readonly Skipped[]
} {
  if (!isQuick) return { kinds: PACKAGED_PEERS, skipped: [] }
  const skipped = PACKAGED_PEERS.map(({ name }) => ({ name, why: 'left out of --quick' }))
  return { kinds: [], skipped }
}

/** `undefined` where it is not installed. */
export function tryFindVersion(packageName: string): string | undefined {
  const folders = createRequire(import.meta.url).resolve.paths(packageName) ?? []
  const file = folders
    .map((folder) => join(folder, packageName, 'package.json'))
    .find((path) => existsSync(path))
  if (file === undefined) return undefined
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}

/** A line for the head of the run: what the packaged peers are, or that they are missing. */
export function describePackagedPeers(): string {
  const packages = PACKAGED_PEERS.flatMap((kind) => kind.packages)
  return packages
    .map((name) => `${name} ${tryFindVersion(name) ?? 'skipped: not installed'}`)
    .join(', ')
}

/** Starts each server's process when it is first needed, and keeps it for the benches that follow. */
export class ServerProcesses {
  readonly #running = new Map<string, LineProcess<ServerReply>>()

  /** Has the server listen with `count` components, or says why it does not. */
  async serve(kind: ServerKind, count: number): Promise<Server | Skipped> {
    const { name, path, ownBody } = kind
    const missing = kind.packages.filter((each) => tryFindVersion(each) === undefined)
    if (missing.length > 0) return { name, why: `${missing.join(', ')} is not installed` }
    let process = this.#running.get(name)
    if (process === undefined) {
      process = LineProcess.ofEntry<ServerReply>(name, kind.entry)
      // A package that is installed may still not run on this Node.js.
      if ((await process.tryNext()) === undefined) {
        return { name, why: 'its process ended at the start, for the reason given above' }
      }
      this.#running.set(name, process)
    }
    return listening({ name, path, ownBody }, process, await process.ask(`serve ${count}`))
  }

  async serveAll(kinds: readonly ServerKind[], count: number) {
    const servers: Server[] = []
    const skipped: Skipped[] = []
    for (const kind of kinds) {
      const started = await this.serve(kind, count)
      if ('why' in started) skipped.push(started)
      else servers.push(started)
    }
    return { servers, skipped }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map((process) => process.close()))
  }
}

export function listening(
  kind: Pick<ServerKind, 'name' | 'path'> & { readonly ownBody?: string | undefined },
  process: LineProcess<ServerReply>,
  { port, transport }: ServerReply,
): Server {
  if (port === undefined) throw new Error(`${kind.name} has no port`)
  const { name, path, ownBody } = kind
  return {
    name,
    path,
    port,
    transport,
    process,
    ...(ownBody === undefined ? {} : { ownBody }),
  }
}
