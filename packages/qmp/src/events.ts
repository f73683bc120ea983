import type { MigrationStatus } from './migration.ts'
import type { QmpNothing, QmpObject } from './value.ts'

/** One event, in the order of its arrival. */
export interface QmpEvent<E extends string = string> {
  readonly event: E
  /** Empty where the event carries nothing. */
  readonly data: E extends keyof QmpEvents ? QmpEvents[E] : QmpObject
  /** The host's wall clock, or -1 where it is unknown: never to order the events of two hosts. */
  readonly timestamp: { readonly seconds: number; readonly microseconds: number }
}

/** A known event, or any other name. */
export type QmpEventName = keyof QmpEvents | (string & {})

/** Why a guest went down or was reset. */
export interface ShutdownData {
  /** Whether the guest asked for it. */
  readonly guest: boolean
  readonly reason:
    | 'none'
    | 'host-error'
    | 'host-qmp-quit'
    | 'host-qmp-system-reset'
    | 'host-signal'
    | 'host-ui'
    | 'guest-shutdown'
    | 'guest-reset'
    | 'guest-panic'
    | 'subsystem-reset'
    | 'snapshot-load'
    | (string & {})
}

/** How far a block job is. */
export interface BlockJobData {
  readonly type: 'commit' | 'stream' | 'mirror' | 'backup' | 'create' | 'amend' | (string & {})
  /** The job's id. */
  readonly device: string
  readonly len: number
  readonly offset: number
  /** Bytes per second; 0: no limit. */
  readonly speed: number
}

/** The data of the events that a migration meets (QEMU 7.2; later ones add members). */
export interface QmpEvents {
  STOP: QmpNothing
  RESUME: QmpNothing
  POWERDOWN: QmpNothing
  SUSPEND: QmpNothing
  WAKEUP: QmpNothing
  SHUTDOWN: ShutdownData
  RESET: ShutdownData
  GUEST_PANICKED: { readonly action: 'pause' | 'poweroff' | 'run' | (string & {}); readonly info?: QmpObject }
  /** Only with the migration capability `events`. */
  MIGRATION: { readonly status: MigrationStatus }
  /** A round of copying begins; on the source, and only with the migration capability `events`. */
  MIGRATION_PASS: { readonly pass: number }
  UNPLUG_PRIMARY: { readonly 'device-id': string }
  BLOCK_JOB_READY: BlockJobData
  BLOCK_JOB_COMPLETED: BlockJobData & { readonly error?: string }
  BLOCK_JOB_CANCELLED: BlockJobData
  BLOCK_JOB_ERROR: {
    readonly device: string
    readonly operation: 'read' | 'write' | (string & {})
    readonly action: 'ignore' | 'report' | 'stop' | (string & {})
  }
  BLOCK_JOB_PENDING: { readonly type: string; readonly id: string }
  JOB_STATUS_CHANGE: { readonly id: string; readonly status: string }
  BLOCK_IO_ERROR: {
    readonly device: string
    readonly 'node-name'?: string
    readonly operation: 'read' | 'write' | (string & {})
    readonly action: 'ignore' | 'report' | 'stop' | (string & {})
    readonly nospace?: boolean
    /** For people. */
    readonly reason: string
  }
  DEVICE_DELETED: { readonly device?: string; readonly path: string }
}
