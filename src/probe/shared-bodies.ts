// Bodies that say the same are the same bytes, for as long as somebody holds them: many clients who ask for a long one, and
// read it slowly or not at all, cost one copy. Keeps none of them alive by itself. Probe actor's thread.
import { KUBELET_BYTES } from './kubelet-body.js'

/** Bodies of one version that are found again; whoever asks in more ways at once has them rendered again. */
const MAX_KNOWN = 16

export class SharedBodies<Version> {
  #version: Version | undefined
  /** By all that they say besides what is in the version, the oldest first. */
  readonly #known = new Map<string, WeakRef<Uint8Array>>()

  /** The body of this key, which together with the version tells all of it. */
  of(version: Version, key: string, render: () => Uint8Array): Uint8Array {
    const known = this.find(version, key)
    if (known !== undefined) return known
    const body = render()
    this.keep(version, key, body)
    return body
  }

  /** Undefined where nobody holds it any more. */
  find(version: Version, key: string): Uint8Array | undefined {
    if (version !== this.#version) {
      this.#version = version
      this.#known.clear()
    }
    return this.#known.get(key)?.deref()
  }

  keep(version: Version, key: string, body: Uint8Array): void {
    // Another version was asked for while this one was rendered, or sharing it is not worth the trouble.
    if (version !== this.#version || body.length <= KUBELET_BYTES) return
    this.#known.delete(key)
    if (this.#known.size >= MAX_KNOWN) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest)
        break
      }
    }
    this.#known.set(key, new WeakRef(body))
  }
}
