// A Deployment's own selector as the text that lists of Pods are asked for with. Pure.
import type { V1LabelSelector } from '@kubernetes/client-node'
import { show } from '../model/errors.js'

const NAME = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/
const PREFIX = /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/

/**
 * The query for a selector; undefined where there is none or an empty one, which would select every Pod there is.
 * @throws Error what can't be converted, and why: such a selector must not become one that selects something else.
 */
export function selectorQuery(selector: V1LabelSelector | undefined): string | undefined {
  const requirements: string[] = []
  for (const [key, value] of Object.entries(selector?.matchLabels ?? {})) {
    requirements.push(`${checkedKey(key)}=${checkedValue(value)}`)
  }
  for (const { key, operator, values } of selector?.matchExpressions ?? []) {
    requirements.push(requirementOf(checkedKey(key), operator, values ?? []))
  }
  return requirements.length === 0 ? undefined : requirements.join(',')
}

function requirementOf(key: string, operator: string, values: readonly string[]): string {
  switch (operator) {
    case 'In':
    case 'NotIn':
      if (values.length === 0) throw new Error(`operator=${operator}: must have values`)
      return `${key} ${operator.toLowerCase()} (${values.map(checkedValue).join(',')})`
    case 'Exists':
    case 'DoesNotExist':
      if (values.length > 0) throw new Error(`operator=${operator}: must have no values`)
      return operator === 'Exists' ? key : `!${key}`
    default:
      throw new Error(`operator=${show(operator)}: is not known`)
  }
}

function checkedKey(key: string): string {
  const slash = key.indexOf('/')
  const prefix = key.slice(0, Math.max(slash, 0))
  const isPrefixed = slash < 0 || (prefix.length <= 253 && PREFIX.test(prefix))
  if (isPrefixed && NAME.test(key.slice(slash + 1))) return key
  throw new Error(`key=${show(key)}: is no label`)
}

function checkedValue(value: string): string {
  if (value === '' || NAME.test(value)) return value
  throw new Error(`value=${show(value)}: is no value of a label`)
}
