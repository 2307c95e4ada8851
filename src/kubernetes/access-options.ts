// How both parts of this folder get at the API server: the options that they share, and their checks.
import type { KubeConfig } from '@kubernetes/client-node'
import { checkInteger, MAX_TIMEOUT_MS } from '../model/arguments.js'
import { argumentError } from '../model/errors.js'

export interface AccessOptions {
  /** Credentials of the official client, already loaded. */
  kubeConfig?: KubeConfig
  /**
   * A kubeconfig to load. Without this and `kubeConfig` it is the one of `KUBECONFIG`, `~/.kube/config`, or the service
   * account of the Pod, whose token is read again every minute.
   */
  kubeConfigFile?: string
  /** How long the API server may take for a list with all its pages, or for one Pod, in ms. Default 10,000. */
  requestTimeoutMs?: number
}

export interface Access {
  readonly kubeConfig: KubeConfig | undefined
  readonly kubeConfigFile: string | undefined
  readonly timeoutMs: number
}

export const ACCESS_OPTION_NAMES = ['kubeConfig', 'kubeConfigFile', 'requestTimeoutMs'] as const

/** @throws HealthError `ERR_HEALTH_ARGUMENT` naming what is not of its form. */
export function resolveAccess({
  kubeConfig,
  kubeConfigFile,
  requestTimeoutMs = 10_000,
}: AccessOptions): Access {
  if (kubeConfig !== undefined && typeof Object(kubeConfig).makeApiClient !== 'function') {
    throw argumentError('kubeConfig', kubeConfig, 'must be a KubeConfig of @kubernetes/client-node')
  }
  if (kubeConfigFile !== undefined) checkText(kubeConfigFile, 'kubeConfigFile')
  if (kubeConfig !== undefined && kubeConfigFile !== undefined) {
    throw argumentError('kubeConfigFile', kubeConfigFile, 'must not be given beside kubeConfig')
  }
  checkInteger(requestTimeoutMs, 'requestTimeoutMs', 1, MAX_TIMEOUT_MS)
  return { kubeConfig, kubeConfigFile, timeoutMs: requestTimeoutMs }
}

/** A string that is not empty. */
export function checkText(value: unknown, argument: string): asserts value is string {
  if (typeof value !== 'string' || value === '') {
    throw argumentError(argument, value, 'must be a string that is not empty')
  }
}

export function checkTexts(value: unknown, argument: string): asserts value is string[] {
  if (!Array.isArray(value)) throw argumentError(argument, value, 'must be an array of strings')
  for (const [index, text] of value.entries()) checkText(text, `${argument}[${index}]`)
}
