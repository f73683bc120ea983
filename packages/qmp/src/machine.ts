import type { QmpInteger, QmpObject, QmpValue } from './value.ts'

/** What the guest is doing. */
export type RunState =
  | 'debug'
  | 'inmigrate'
  | 'internal-error'
  | 'io-error'
  | 'paused'
  | 'postmigrate'
  | 'prelaunch'
  | 'finish-migrate'
  | 'restore-vm'
  | 'running'
  | 'save-vm'
  | 'shutdown'
  | 'suspended'
  | 'watchdog'
  | 'guest-panicked'
  | 'colo'
  | (string & {})

/** The answer to query-status. */
export interface StatusInfo {
  readonly status: RunState
  /** Whether the virtual CPUs run. */
  readonly running: boolean
  /** Gone in QEMU 9.0. */
  readonly singlestep?: boolean
}

/** A machine type. */
export interface MachineInfo {
  readonly name: string
  readonly alias?: string
  readonly 'is-default'?: boolean
  readonly 'cpu-max': number
  readonly 'hotpluggable-cpus': boolean
  readonly 'numa-mem-supported': boolean
  readonly deprecated: boolean
  readonly 'default-cpu-type'?: string
  readonly 'default-ram-id'?: string
  readonly acpi?: boolean
}

/** A CPU model. */
export interface CpuDefinition {
  readonly name: string
  /** The QOM type, as `qom-get` of a CPU's `type` gives it. */
  readonly typename: string
  /** Features of the model that this host cannot give. Absent where QEMU cannot tell. */
  readonly 'unavailable-features'?: readonly string[]
  readonly 'alias-of'?: string
  readonly static: boolean
  readonly 'migration-safe'?: boolean
  readonly deprecated: boolean
}

/** A virtual CPU. */
export interface CpuInfo {
  readonly 'cpu-index': number
  readonly 'qom-path': string
  readonly 'thread-id': number
  readonly props?: QmpObject
  readonly target: string
}

/** A character device: monitors and serial lines. */
export interface ChardevInfo {
  readonly label: string
  readonly filename: string
  /** Whether somebody uses it: for a monitor's socket, whether a client is connected (measured on QEMU 7.2). */
  readonly 'frontend-open': boolean
}

/** The SPICE server of a QEMU; `enabled` alone where none was asked for. */
export interface SpiceInfo {
  readonly enabled: boolean
  /** All clients have been handed over since the last migration (measured on QEMU 7.2). */
  readonly migrated: boolean
  /** The address on which it listens. */
  readonly host?: string
  /** Without TLS. */
  readonly port?: number
  readonly 'tls-port'?: number
  /** `none`, `spice` for a ticket, `sasl`. */
  readonly auth?: string
  /** The connections of clients: several for each. */
  readonly channels?: readonly QmpObject[]
}

/** A property of an object in QEMU's object tree, or of a device type. */
export interface ObjectProperty {
  readonly name: string
  /** `child<…>` and `link<…>` lead to other objects. */
  readonly type: string
  readonly description?: string
  readonly 'default-value'?: QmpValue
}

/** A drive as the guest sees it. */
export interface BlockInfo {
  /** Empty for a drive made with `-blockdev`. */
  readonly device: string
  readonly qdev?: string
  readonly type: string
  readonly removable: boolean
  readonly locked: boolean
  readonly inserted?: BlockNode
  readonly tray_open?: boolean
  readonly 'io-status'?: 'ok' | 'failed' | 'nospace' | (string & {})
}

/** A node of the block graph. */
export interface BlockNode {
  readonly 'node-name'?: string
  readonly drv: string
  /** A file name, or `json:…` where no file name can say it. */
  readonly file: string
  readonly ro: boolean
  readonly encrypted: boolean
  readonly backing_file?: string
  readonly backing_file_depth: number
  readonly image: BlockImage
  readonly cache?: { readonly writeback: boolean; readonly direct: boolean; readonly 'no-flush': boolean }
  readonly 'dirty-bitmaps'?: readonly QmpObject[]
  /** Whether it may write (10.0); absent before. */
  readonly active?: boolean
  readonly [member: string]: unknown
}

/** An image file. */
export interface BlockImage {
  readonly filename: string
  readonly format: string
  /** Bytes that the guest sees. */
  readonly 'virtual-size': QmpInteger
  /** Bytes that the file takes. */
  readonly 'actual-size'?: QmpInteger
  readonly 'cluster-size'?: number
  readonly 'backing-filename'?: string
  readonly 'full-backing-filename'?: string
  readonly 'backing-image'?: BlockImage
  readonly [member: string]: unknown
}

/** Counters of a drive. Nanoseconds pass 2^53 after 104 days. */
export interface BlockStats {
  readonly device?: string
  readonly qdev?: string
  readonly 'node-name'?: string
  readonly stats: { readonly rd_bytes: QmpInteger; readonly wr_bytes: QmpInteger } & QmpObject
  readonly parent?: BlockStats
  readonly backing?: BlockStats
}

/** A block job. */
export interface BlockJobInfo {
  readonly type: 'commit' | 'stream' | 'mirror' | 'backup' | (string & {})
  readonly device: string
  readonly len: QmpInteger
  readonly offset: QmpInteger
  readonly speed: QmpInteger
  readonly busy: boolean
  readonly paused: boolean
  readonly ready: boolean
  readonly status: string
  readonly 'io-status': string
  readonly 'auto-finalize': boolean
  readonly 'auto-dismiss': boolean
  readonly error?: string
  /** Whether a mirror has nothing left to copy and writes what the guest writes (8.2); absent before. */
  readonly 'actively-synced'?: boolean
}

/** A job of any kind, also one that is over and was not dismissed. */
export interface JobInfo {
  readonly id: string
  readonly type: 'mirror' | 'create' | (string & {})
  readonly status: 'created' | 'running' | 'paused' | 'ready' | 'standby' | 'concluded' | (string & {})
  readonly 'current-progress': QmpInteger
  readonly 'total-progress': QmpInteger
  /** Why it failed. Absent: it did not, so far. */
  readonly error?: string
}
