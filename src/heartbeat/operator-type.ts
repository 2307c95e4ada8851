// What kind of operator a heartbeat is of, with the numbers of the control plane's protobuf enum.

/** Who reports. The numbers are part of the contract: they go over the wire as they are. */
export const OperatorType = {
  Unspecified: 0,
  Read: 1,
  Write: 2,
  Node: 3,
  Security: 4,
  Network: 5,
  Cost: 6,
  Snapshot: 7,
} as const
export type OperatorType = (typeof OperatorType)[keyof typeof OperatorType]

const names = ['unspecified', 'read', 'write', 'node', 'security', 'network', 'cost', 'snapshot']

/** For people: `read` for 1, and the number itself for one that is not known. */
export function operatorTypeName(type: number): string {
  return names[type] ?? String(type)
}

export function isOperatorType(type: unknown): type is OperatorType {
  return Number.isInteger(type) && (type as number) >= 0 && (type as number) < names.length
}
