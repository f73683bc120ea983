import type { Capabilities, VmError } from '@vmferry/core/driver'

/** What one connection has on a host: it ends with the connection, or by the claim of another. */
export interface Session {
  readonly fencing: Capabilities['fencing']
  /** Domains that it has claimed or changed. */
  readonly domains: Set<string>
  /** Fires when the session ends, with the error for whatever is asked over it from then on. */
  readonly ended: AbortSignal
  end(reason: VmError): void
}

export function openSession(fencing: Capabilities['fencing']): Session {
  const controller = new AbortController()
  return {
    fencing,
    domains: new Set(),
    ended: controller.signal,
    end: (reason) => controller.abort(reason),
  }
}
