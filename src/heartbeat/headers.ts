// The headers of every call, as the reference's interceptor sets them. Pure.

/** Who sends heartbeats. `client` is the product's name, whatever operator type a heartbeat is of. */
export interface Sender {
  readonly client: string
  readonly version: string
  readonly commit: string
}

/** Header names and values. What is empty is left out. */
export function headersOf(
  { client, version, commit }: Sender,
  token: string | undefined,
): readonly (readonly [string, string])[] {
  const headers = [
    ['authorization', token ? `Bearer ${token}` : ''],
    ['x-client', version === '' ? client : `${client}/${version}`],
    ['x-operator-type', client],
    ['x-operator-version', version],
    ['x-operator-git-sha', commit],
  ] as const
  return headers.filter(([, value]) => value !== '')
}
