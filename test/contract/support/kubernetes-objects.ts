// Objects as the API server would give them, with what a test does not care about filled in.

export interface KubernetesFixture {
  readonly apiVersion: string
  readonly kind: 'Deployment' | 'Pod'
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels?: Readonly<Record<string, string>>
    readonly creationTimestamp?: string | null
    readonly deletionTimestamp?: string
  }
  readonly spec: object
  readonly status: object
}

export interface DeploymentParts {
  name?: string
  namespace?: string
  labels?: Record<string, string>
  createdAt?: string | null
  /** Of the first container; `containers` has more to say. */
  image?: string
  containers?: object[]
  initContainers?: object[]
  /** Undefined: it has none. */
  selector?: object | undefined
  replicas?: number | null
  ready?: number
  available?: number
}

export const OPERATOR_IMAGE = 'public.example/devzeroinc/controller:feda6e1'
export const POD_LABELS = { app: 'karpenter' }

/** A Karpenter that is well, but for what the test says. */
export function deployment(parts: DeploymentParts = {}): KubernetesFixture {
  const { name = 'karpenter', namespace = 'kube-system', ready = 1, available = ready } = parts
  const { image = OPERATOR_IMAGE, replicas = 1, createdAt = '2026-01-02T03:04:05Z' } = parts
  const { containers = [{ name: 'controller', image }], initContainers } = parts
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name,
      namespace,
      labels: parts.labels ?? {
        'app.kubernetes.io/instance': 'karpenter',
        'app.kubernetes.io/version': '1.2.3',
      },
      creationTimestamp: createdAt,
    },
    spec: {
      ...(replicas !== null && { replicas }),
      selector: 'selector' in parts ? parts.selector : { matchLabels: POD_LABELS },
      template: {
        metadata: { creationTimestamp: null, labels: POD_LABELS },
        spec: { containers, ...(initContainers && { initContainers }) },
      },
    },
    status: {
      ...(ready > 0 && { readyReplicas: ready }),
      ...(available > 0 && { availableReplicas: available }),
    },
  }
}

export interface PodParts {
  name?: string
  namespace?: string
  labels?: Record<string, string>
  ip?: string
  phase?: string
  /** Undefined: it has no such condition. */
  ready?: string | undefined
  deletedAt?: string
  containerStatuses?: object[]
}

/** A ready Pod of it. */
export function pod(parts: PodParts = {}): KubernetesFixture {
  const { name = 'karpenter-0', namespace = 'kube-system', labels = POD_LABELS } = parts
  const { ip = '127.0.0.1', phase = 'Running', deletedAt, containerStatuses } = parts
  const ready = 'ready' in parts ? parts.ready : 'True'
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels, ...(deletedAt && { deletionTimestamp: deletedAt }) },
    spec: { containers: [{ name: 'controller', image: OPERATOR_IMAGE }] },
    status: {
      phase,
      ...(ip !== '' && { podIP: ip }),
      conditions: [
        { type: 'Initialized', status: 'True' },
        ...(ready === undefined ? [] : [{ type: 'Ready', status: ready }]),
      ],
      ...(containerStatuses && { containerStatuses }),
    },
  }
}
