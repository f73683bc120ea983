import type { QmpInteger, QmpValue } from './value.ts'

/** The state of a migration. Newer versions add states: treat one that you do not know as "under way". */
export type MigrationStatus =
  | 'none'
  | 'setup'
  | 'cancelling'
  | 'cancelled'
  | 'active'
  | 'postcopy-active'
  | 'postcopy-paused'
  | 'postcopy-recover'
  | 'postcopy-recover-setup'
  | 'postcopy-device'
  | 'completed'
  | 'failing'
  | 'failed'
  | 'colo'
  | 'pre-switchover'
  | 'device'
  | 'wait-unplug'
  | (string & {})

/** A name of MigrationCapability. */
export type MigrationCapabilityName =
  | 'auto-converge'
  | 'background-snapshot'
  | 'dirty-bitmaps'
  | 'events'
  | 'late-block-activate'
  | 'mapped-ram'
  | 'multifd'
  | 'pause-before-switchover'
  | 'postcopy-blocktime'
  | 'postcopy-preempt'
  | 'postcopy-ram'
  | 'release-ram'
  | 'return-path'
  | 'switchover-ack'
  | 'validate-uuid'
  | 'xbzrle'
  | 'zero-copy-send'
  | (string & {})

/** A capability and whether it is on. */
export interface MigrationCapabilityState {
  readonly capability: MigrationCapabilityName
  readonly state: boolean
}

/** Memory moved so far; bytes unless named otherwise. Counters stay below 2^53 for the first eight pebibytes. */
export interface MigrationRam {
  readonly transferred: number
  readonly remaining: number
  readonly total: number
  /** Pages of one repeated byte. */
  readonly duplicate: number
  /** Pages sent whole. */
  readonly normal: number
  readonly 'normal-bytes': number
  /** Pages per second. */
  readonly 'dirty-pages-rate': number
  /** Megabits per second; stale while a link is stalled (measured on QEMU 7.2). */
  readonly mbps: number
  /** Rounds. */
  readonly 'dirty-sync-count': number
  readonly 'page-size': number
  readonly 'pages-per-second'?: number
  readonly 'multifd-bytes'?: number
  readonly 'postcopy-requests'?: number
  readonly 'precopy-bytes'?: number
  readonly 'downtime-bytes'?: number
  readonly 'postcopy-bytes'?: number
  readonly 'dirty-sync-missed-zero-copy'?: number
}

/** The answer to query-migrate: empty before the first migration. */
export interface MigrationInfo {
  readonly status?: MigrationStatus
  readonly ram?: MigrationRam
  /** Non-shared disks of the old `blk` migration (gone in QEMU 9.1). */
  readonly disk?: Partial<MigrationRam>
  /** Milliseconds. May be 0 right after `completed`: ask again (measured on QEMU 7.2). */
  readonly 'total-time'?: number
  /** Milliseconds. */
  readonly 'setup-time'?: number
  /** Milliseconds that the guest stood still. */
  readonly downtime?: number
  /** Milliseconds. */
  readonly 'expected-downtime'?: number
  /** What went wrong, for people. May be absent in a failure. */
  readonly 'error-desc'?: string
  /** Why migration is impossible at present. */
  readonly 'blocked-reasons'?: readonly string[]
  readonly 'cpu-throttle-percentage'?: number
  /** Where an incoming side listens, with the port that it was given. */
  readonly 'socket-address'?: readonly SocketAddress[]
  readonly 'postcopy-blocktime'?: number
}

/** A QEMU socket address. */
export interface SocketAddress {
  readonly type: 'inet' | 'unix' | 'vsock' | 'fd' | (string & {})
  readonly host?: string
  readonly port?: string
  readonly path?: string
  readonly str?: string
  readonly cid?: string
  readonly [member: string]: QmpValue | undefined
}

/** Migration parameters: all are optional when they are set, and a QEMU shows those that it knows. */
export interface MigrationParameters {
  /** Bytes per second; 0: no limit (measured on QEMU 7.2). */
  readonly 'max-bandwidth'?: QmpInteger
  /** Bytes per second; 0: no limit. */
  readonly 'max-postcopy-bandwidth'?: QmpInteger
  /** Bytes per second available at the switchover (QEMU 8.2). */
  readonly 'avail-switchover-bandwidth'?: QmpInteger
  /** Milliseconds, at most 2,000,000. */
  readonly 'downtime-limit'?: number
  readonly 'cpu-throttle-initial'?: number
  readonly 'cpu-throttle-increment'?: number
  readonly 'cpu-throttle-tailslow'?: boolean
  readonly 'max-cpu-throttle'?: number
  readonly 'throttle-trigger-threshold'?: number
  readonly 'multifd-channels'?: number
  readonly 'multifd-compression'?: 'none' | 'zlib' | 'zstd' | (string & {})
  readonly 'multifd-zlib-level'?: number
  readonly 'multifd-zstd-level'?: number
  readonly 'xbzrle-cache-size'?: QmpInteger
  readonly 'tls-creds'?: string
  readonly 'tls-hostname'?: string
  readonly 'tls-authz'?: string
  readonly 'announce-initial'?: number
  readonly 'announce-max'?: number
  readonly 'announce-rounds'?: number
  readonly 'announce-step'?: number
  readonly [parameter: string]: QmpValue | undefined
}

/** One stream of a migration, where QEMU takes a list instead of a URI (8.2 and later). */
export interface MigrationChannel {
  readonly 'channel-type': 'main' | 'cpr' | (string & {})
  readonly addr: { readonly transport: 'socket' | 'exec' | 'rdma' | 'file' | (string & {}) } & {
    readonly [member: string]: QmpValue | undefined
  }
}

/** The answer to query-dirty-rate. */
export interface DirtyRateInfo {
  readonly status: 'unstarted' | 'measuring' | 'measured' | (string & {})
  /** MiB per second, rounded down; absent until `measured`. */
  readonly 'dirty-rate'?: QmpInteger
  /** Seconds. */
  readonly 'calc-time': number
  readonly 'sample-pages': number
  readonly mode: string
}
