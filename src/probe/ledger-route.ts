// `/ledger`: the last probes, for people who ask what the kubelet has been told. Probe actor's thread.
import type { ProbeRecord } from '../model/probe-stats.js'
import { JSON_TYPE, NOT_FOUND, UNAUTHORIZED } from './answers.js'
import type { AudienceGuard } from './audience.js'
import { quote } from './go-json.js'
import type { ProbeLedger } from './ledger.js'
import type { ProbeAnswer, ProbeRequest } from './listener.js'
import { isoTime } from './render.js'

/** The ledger, the newest first, to whom components are shown. */
export function answerLedger(
  ledger: ProbeLedger,
  audience: AudienceGuard,
  request: ProbeRequest,
): ProbeAnswer {
  // What nobody may see is not there at all.
  if (audience.detail === 'never') return NOT_FOUND
  if (!audience.maySee(request)) return UNAUTHORIZED
  const { answered, failuresInARow, lastFailure } = ledger.stats()
  const { liveness, readiness, startup } = failuresInARow
  const last = lastFailure === undefined ? '' : `,"lastFailure":${renderRecord(lastFailure)}`
  const probes = Array.from(ledger.records(), renderRecord)
  const json = `{"answered":${answered},"failuresInARow":{"liveness":${liveness},"readiness":${readiness},"startup":${startup}}${last},"probes":[${probes.join(',')}]}\n`
  return { status: 200, contentType: JSON_TYPE, body: Buffer.from(json) }
}

export function renderRecord(record: ProbeRecord): string {
  const { at, path, code, client, userAgent, reason, latencyUs } = record
  const why = reason === '' ? '' : `,"reason":${quote(reason)}`
  return `{"at":"${isoTime(at)}","path":${quote(path)},"code":${code},"client":${quote(client)},"userAgent":${quote(userAgent)}${why},"latencyUs":${latencyUs}}`
}
