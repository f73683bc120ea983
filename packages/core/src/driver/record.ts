import type { MigrationId } from './call.ts'
import type { JsonValue } from './json.ts'
import type { Phase } from './phase.ts'
import type { MigrationRequest } from './request.ts'

/** The right to change a domain on one host, from `claim`. */
export interface Claim {
  readonly domain: string
  /** The epoch that the host now holds. */
  readonly epoch: number
}

/** What a host has on file about one migration: enough for another controller to recover it. No secrets. */
export interface HostRecord {
  readonly migration: MigrationId
  readonly role: 'source' | 'target'
  /** The domain's name on this host. */
  readonly domain: string
  /** Its name at the source, where that is another one: a target knows it from the offer. */
  readonly sourceDomain?: string
  readonly request: MigrationRequest
  readonly epoch: number
  /** The last phase whose effects were begun here. */
  readonly phase: Phase
  /** Post-copy: the domain runs here, and a part of its memory is still at the source. */
  readonly incomplete?: true
  /** Whatever else the driver filed: pids with their start times, files made. */
  readonly details?: JsonValue
}
