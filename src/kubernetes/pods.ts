// Which Pods of a Deployment are asked. Pure. The client gives what is null in an answer as null, whatever its types say.
import type { V1Pod } from '@kubernetes/client-node'
import { compareUtf8 } from '../model/report.js'

/** A Pod that serves: it runs, has an address, is ready, and nobody is deleting it. */
export function isServing({ metadata, status }: V1Pod): boolean {
  return (
    status?.phase === 'Running' &&
    (status.podIP ?? '') !== '' &&
    (metadata?.deletionTimestamp ?? undefined) === undefined &&
    (status.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True')
  )
}

/** The addresses of the first `count` Pods by name: the same ones each time, however the server orders its list. */
export function firstAddresses(pods: readonly V1Pod[], count: number): readonly string[] {
  return pods
    .toSorted((a, b) => compareUtf8(a.metadata?.name ?? '', b.metadata?.name ?? ''))
    .slice(0, count)
    .map(({ status }) => status?.podIP ?? '')
}
