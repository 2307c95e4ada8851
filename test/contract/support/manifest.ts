// Checks a manifest against the types of the Kubernetes API, as the client has them: a field that the API does not know, or of
// another type, is an error, as `kubectl apply --validate=strict` would have it. No server and no download.
import * as client from '@kubernetes/client-node'

interface Attribute {
  readonly name: string
  readonly baseName: string
  readonly type: string
}

/** The kinds that there are here, and what the client calls their types. */
const TYPES: Readonly<Record<string, string>> = {
  'v1 Namespace': 'V1Namespace',
  'v1 ServiceAccount': 'V1ServiceAccount',
  'apps/v1 Deployment': 'V1Deployment',
  'policy/v1 PodDisruptionBudget': 'V1PodDisruptionBudget',
  'rbac.authorization.k8s.io/v1 Role': 'V1Role',
  'rbac.authorization.k8s.io/v1 RoleBinding': 'V1RoleBinding',
  'rbac.authorization.k8s.io/v1 ClusterRole': 'V1ClusterRole',
  'rbac.authorization.k8s.io/v1 ClusterRoleBinding': 'V1ClusterRoleBinding',
}

/**
 * The documents of a YAML file as they are written. The client's own loader makes objects of the API's types, and so drops the
 * very fields that are to be found; what is of no type it leaves alone.
 */
export function rawDocuments(text: string): unknown[] {
  return text
    .split(/^---$/m)
    .map(
      (document) => client.loadYaml<{ raw: unknown }>(`raw:\n${document.replace(/^/gm, '  ')}`).raw,
    )
}

/** What is wrong with it, each as `path: what`; nothing, if it is a manifest of the API. */
export function manifestErrors(manifest: unknown): string[] {
  const { apiVersion, kind } = Object(manifest) as Record<string, unknown>
  const type = TYPES[`${apiVersion} ${kind}`]
  return type === undefined ? [`${apiVersion} ${kind}: is not known`] : check(manifest, type, '')
}

function check(value: unknown, type: string, path: string): string[] {
  const array = /^Array<(.*)>$/.exec(type)
  if (array !== null) {
    if (!Array.isArray(value)) return [`${path}: must be an array`]
    return value.flatMap((item, index) => check(item, array[1]!, `${path}[${index}]`))
  }
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)
  if (map !== null || type === 'object') {
    if (!isObject(value)) return [`${path}: must be an object`]
    if (map === null) return []
    return Object.entries(value).flatMap(([key, item]) => check(item, map[1]!, `${path}.${key}`))
  }
  switch (type) {
    case 'any':
      return []
    case 'IntOrString':
      return typeof value === 'string' || Number.isInteger(value)
        ? []
        : [`${path}: must be IntOrString`]
    case 'number':
      // Every number of these kinds is an integer.
      return Number.isInteger(value) ? [] : [`${path}: must be an integer`]
    case 'string':
    case 'boolean':
      return typeof value === type ? [] : [`${path}: must be a ${type}`]
    default:
      return checkModel(value, type, path)
  }
}

function checkModel(value: unknown, type: string, path: string): string[] {
  const attributes = attributesOf(type)
  if (attributes === undefined) return [`${path}: of the unknown type ${type}`]
  if (!isObject(value)) return [`${path}: must be an object`]
  return Object.entries(value).flatMap(([key, item]) => {
    const attribute = attributes.find(({ baseName }) => baseName === key)
    return attribute === undefined
      ? [`${path}.${key}: is no field of ${type}`]
      : check(item, attribute.type, `${path}.${key}`)
  })
}

function attributesOf(type: string): readonly Attribute[] | undefined {
  const model: unknown = Reflect.get(client, type)
  if (typeof model !== 'function') return undefined
  return (model as unknown as { getAttributeTypeMap(): readonly Attribute[] }).getAttributeTypeMap()
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
