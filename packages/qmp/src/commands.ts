import type { QmpCallOptions } from './client.ts'
import type {
  BlockInfo,
  BlockJobInfo,
  BlockNode,
  BlockStats,
  ChardevInfo,
  CpuDefinition,
  CpuInfo,
  JobInfo,
  MachineInfo,
  ObjectProperty,
  SpiceInfo,
  StatusInfo,
} from './machine.ts'
import type {
  DirtyRateInfo,
  MigrationCapabilityState,
  MigrationChannel,
  MigrationInfo,
  MigrationParameters,
} from './migration.ts'
import type { SchemaEntry } from './schema-entry.ts'
import type { QmpInteger, QmpNothing, QmpObject, QmpValue } from './value.ts'

interface Command<A, R> {
  readonly arguments: A
  readonly return: R
}

/** The commands whose types are known here; `raw()` runs the others. Shapes of QEMU 7.2, members optional that may be absent. */
export interface QmpCommands {
  qmp_capabilities: Command<{ readonly enable?: readonly ('oob' | (string & {}))[] }, QmpNothing>
  'query-version': Command<
    QmpNothing,
    {
      readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number }
      readonly package: string
    }
  >
  'query-commands': Command<QmpNothing, readonly { readonly name: string }[]>
  'query-qmp-schema': Command<QmpNothing, readonly SchemaEntry[]>

  'query-migrate': Command<QmpNothing, MigrationInfo>
  'query-migrate-capabilities': Command<QmpNothing, readonly MigrationCapabilityState[]>
  'migrate-set-capabilities': Command<
    { readonly capabilities: readonly MigrationCapabilityState[] },
    QmpNothing
  >
  'query-migrate-parameters': Command<QmpNothing, MigrationParameters>
  'migrate-set-parameters': Command<MigrationParameters, QmpNothing>
  /** Returns before it has connected: a refused connection shows in query-migrate. */
  migrate: Command<
    { readonly uri?: string; readonly channels?: readonly MigrationChannel[]; readonly resume?: boolean },
    QmpNothing
  >
  'migrate-incoming': Command<
    {
      readonly uri?: string
      readonly channels?: readonly MigrationChannel[]
      /** QEMU 9.1; default true. */
      readonly 'exit-on-error'?: boolean
    },
    QmpNothing
  >
  /** Answers {} also when nothing runs. Fatal to a guest in post-copy (measured on QEMU 7.2). */
  migrate_cancel: Command<QmpNothing, QmpNothing>
  'migrate-continue': Command<{ readonly state: 'pre-switchover' | (string & {}) }, QmpNothing>
  'migrate-pause': Command<QmpNothing, QmpNothing>
  'migrate-recover': Command<{ readonly uri: string }, QmpNothing>
  'migrate-start-postcopy': Command<QmpNothing, QmpNothing>
  /** Starts a measurement and returns at once; it ends by itself. QEMU 5.2. */
  'calc-dirty-rate': Command<
    {
      /** Seconds, 1 to 60. */
      readonly 'calc-time': number
      /** Pages that are sampled per GiB of memory: 128 to 16384; default 512. */
      readonly 'sample-pages'?: number
      readonly mode?: 'page-sampling' | 'dirty-ring' | 'dirty-bitmap' | (string & {})
    },
    QmpNothing
  >
  'query-dirty-rate': Command<QmpNothing, DirtyRateInfo>
  'announce-self': Command<
    {
      /** Milliseconds before the second packet. */
      readonly initial: number
      /** Milliseconds at most between packets. */
      readonly max: number
      readonly rounds: number
      /** Milliseconds added from packet to packet. */
      readonly step: number
      readonly interfaces?: readonly string[]
      readonly id?: string
    },
    QmpNothing
  >

  'query-status': Command<QmpNothing, StatusInfo>
  cont: Command<QmpNothing, QmpNothing>
  stop: Command<QmpNothing, QmpNothing>
  quit: Command<QmpNothing, QmpNothing>
  system_powerdown: Command<QmpNothing, QmpNothing>
  system_reset: Command<QmpNothing, QmpNothing>

  'query-kvm': Command<QmpNothing, { readonly enabled: boolean; readonly present: boolean }>
  'query-name': Command<QmpNothing, { readonly name?: string }>
  'query-uuid': Command<QmpNothing, { readonly UUID: string }>
  'query-machines': Command<QmpNothing, readonly MachineInfo[]>
  'query-cpus-fast': Command<QmpNothing, readonly CpuInfo[]>
  'query-cpu-definitions': Command<QmpNothing, readonly CpuDefinition[]>
  /** Bytes. */
  'query-memory-size-summary': Command<
    QmpNothing,
    { readonly 'base-memory': QmpInteger; readonly 'plugged-memory'?: QmpInteger }
  >
  'query-chardev': Command<QmpNothing, readonly ChardevInfo[]>
  /** Of a QEMU that was built with SPICE. */
  'query-spice': Command<QmpNothing, SpiceInfo>
  /** Where the clients of SPICE are sent when the next migration is complete. */
  client_migrate_info: Command<
    {
      readonly protocol: 'spice' | (string & {})
      readonly hostname: string
      /** Without TLS. One of both ports is needed. */
      readonly port?: number
      readonly 'tls-port'?: number
      /** What the client expects in the certificate, as `O=Lab,CN=beta`. */
      readonly 'cert-subject'?: string
    },
    QmpNothing
  >
  'qom-list': Command<{ readonly path: string }, readonly ObjectProperty[]>
  'qom-get': Command<{ readonly path: string; readonly property: string }, QmpValue>
  'qom-set': Command<
    { readonly path: string; readonly property: string; readonly value: QmpValue },
    QmpNothing
  >
  'qom-list-types': Command<
    { readonly implements?: string; readonly abstract?: boolean },
    readonly { readonly name: string; readonly parent?: string; readonly abstract?: boolean }[]
  >
  'device-list-properties': Command<{ readonly typename: string }, readonly ObjectProperty[]>
  'object-add': Command<{ readonly 'qom-type': string; readonly id: string } & QmpObject, QmpNothing>
  'object-del': Command<{ readonly id: string }, QmpNothing>
  /** Over the monitor's own UNIX socket, with the descriptor as ancillary data, which Node cannot send. */
  getfd: Command<{ readonly fdname: string }, QmpNothing>
  closefd: Command<{ readonly fdname: string }, QmpNothing>

  'query-block': Command<QmpNothing, readonly BlockInfo[]>
  'query-named-block-nodes': Command<{ readonly flat?: boolean }, readonly BlockNode[]>
  'query-blockstats': Command<{ readonly 'query-nodes'?: boolean }, readonly BlockStats[]>
  'query-block-jobs': Command<QmpNothing, readonly BlockJobInfo[]>
  'blockdev-add': Command<{ readonly driver: string; readonly 'node-name'?: string } & QmpObject, QmpNothing>
  'blockdev-del': Command<{ readonly 'node-name': string }, QmpNothing>
  'blockdev-mirror': Command<
    {
      readonly 'job-id'?: string
      readonly device: string
      readonly target: string
      readonly sync: 'top' | 'full' | 'none' | 'incremental' | (string & {})
      /** Bytes per second. */
      readonly speed?: QmpInteger
      /** Bytes that may be on their way. */
      readonly 'buf-size'?: QmpInteger
      readonly 'copy-mode'?: 'background' | 'write-blocking' | (string & {})
      readonly 'on-source-error'?: 'report' | 'ignore' | 'enospc' | 'stop' | (string & {})
      readonly 'on-target-error'?: 'report' | 'ignore' | 'enospc' | 'stop' | (string & {})
      readonly 'auto-finalize'?: boolean
      readonly 'auto-dismiss'?: boolean
    },
    QmpNothing
  >
  'query-jobs': Command<QmpNothing, readonly JobInfo[]>
  'job-dismiss': Command<{ readonly id: string }, QmpNothing>
  /** QEMU 8.2. */
  'block-job-change': Command<
    {
      readonly id: string
      readonly type: 'mirror' | (string & {})
      readonly 'copy-mode': 'write-blocking' | (string & {})
    },
    QmpNothing
  >
  'block-job-cancel': Command<{ readonly device: string; readonly force?: boolean }, QmpNothing>
  'block-job-set-speed': Command<{ readonly device: string; readonly speed: QmpInteger }, QmpNothing>
  'nbd-server-start': Command<
    {
      readonly addr: {
        readonly type: 'inet' | 'unix' | (string & {})
        readonly data: Readonly<Record<string, string>>
      }
      readonly 'tls-creds'?: string
      readonly 'max-connections'?: number
    },
    QmpNothing
  >
  'block-export-add': Command<
    {
      readonly type: 'nbd' | (string & {})
      readonly id: string
      readonly 'node-name': string
      readonly writable?: boolean
    } & QmpObject,
    QmpNothing
  >
  'nbd-server-stop': Command<QmpNothing, QmpNothing>
  /** Breaks connections that do not answer. */
  yank: Command<
    {
      readonly instances: readonly {
        readonly type: 'block-node' | 'chardev' | 'migration' | (string & {})
        readonly 'node-name'?: string
        readonly id?: string
      }[]
    },
    QmpNothing
  >
}

/** The name of a typed command. */
export type QmpCommandName = keyof QmpCommands

/** What follows the name in `execute`: the arguments may be left out where none is required. */
export type QmpArguments<C extends QmpCommandName> = QmpNothing extends QmpCommands[C]['arguments']
  ? [args?: QmpCommands[C]['arguments'], options?: QmpCallOptions]
  : [args: QmpCommands[C]['arguments'], options?: QmpCallOptions]
