import type { ConnectionUri, MigrationUri } from './connection-uri.ts'
import type { JsonObject } from './json.ts'

/** One end of a migration, as both drivers are told of it. */
export interface Endpoint {
  /** The connection URI, as the user gave it. */
  readonly uri: ConnectionUri
  /** The host's own random id; null where the driver's host has none. Equal ids are one host. */
  readonly hostId: string | null
}

/**
 * What is asked for, normalised and already checked against both manifests: a driver never sees a wish that its
 * manifest denies. JSON data.
 */
export interface MigrationRequest {
  readonly source: Endpoint
  readonly target: Endpoint
  /** Keep the guest running while it is copied; false: stop it first. */
  readonly live: boolean
  /** Most **bytes per second** for memory and disks together; 0: the driver's suitable default. */
  readonly bandwidth: number
  /** The domain's name at the target; null keeps it. Checked against the allow-list for names. */
  readonly rename: string | null
  /** The data plane as the user asked for it; null: the driver picks the best way. */
  readonly uri: MigrationUri | null
  /** Leave the guest paused at the target, which is in charge of it all the same. */
  readonly paused: boolean
  /** Longest acceptable downtime in milliseconds; null: the hypervisor's default. */
  readonly maxDowntime: number | null
  /** Slow the guest down until it converges. */
  readonly autoConverge: boolean
  /** Switch to post-copy when pre-copy does not converge. */
  readonly postCopy: boolean
  /** Copy disks that the hosts do not share. */
  readonly copyStorage: boolean
  /** Give the migration up, as a failure, when the guest has an I/O error with one of its disks while it is copied. */
  readonly abortOnError: boolean
  /** Parallel data connections; 1 is the plain stream. */
  readonly connections: number
}

/** The request with the one transport that core chose from both surveys. */
export interface ChosenRequest extends MigrationRequest {
  readonly transport: string
  /** What the target's survey told the source of that transport; absent: nothing. */
  readonly cookie?: JsonObject
}
