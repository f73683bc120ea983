import {
  type CallOptions,
  type Finding,
  type MigrationRequest,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import type { QmpVersion } from '@vmferry/qmp'
import { runStateOf } from '../domain.ts'
import { UNFENCED } from '../fence/answer.ts'
import { openMonitors, withMachineType } from '../guest/command-line.ts'
import { type Definition, definitionToJson } from '../guest/definition.ts'
import type { Guest } from '../guest/list.ts'
import { openMonitor } from '../guest/process.ts'
import { lacksParallel } from '../migration/parallel.ts'
import type { QemuHost } from '../qemu-host.ts'
import { filesToJson, statFiles } from './files.ts'
import { clockFindings, hostFacts } from './host.ts'
import { passedDescriptors } from './network.ts'
import { postCopyFindings } from './post-copy.ts'
import { guestProcessor, processorToJson } from './processor.ts'

/** What the source's QEMU says of itself. */
export interface SourceFacts {
  readonly offer: Offer
  readonly findings: readonly Finding[]
}

/** Asks a running guest for all that its offer and the findings rest on. */
export async function sourceFacts(
  at: QemuHost,
  { definition, folder, fenced }: Guest,
  request: MigrationRequest,
  call: CallOptions,
): Promise<SourceFacts> {
  const { host, runDirectory } = at
  const { signal } = call
  const files = statFiles(host, definition.argv, call)
  const facts = hostFacts(at, call)
  // what the monitor says comes first, also of two errors
  files.catch(() => {})
  facts.catch(() => {})
  const monitor = await openMonitor(host, folder.spareMonitor, call)
  try {
    const [status, type, memory, migration, kvm, capabilities] = await Promise.all([
      monitor.execute('query-status', {}, { signal }),
      monitor.execute('qom-get', { path: '/machine', property: 'type' }, { signal }),
      monitor.execute('query-memory-size-summary', {}, { signal }),
      monitor.execute('query-migrate', {}, { signal }),
      monitor.execute('query-kvm', {}, { signal }),
      monitor.execute('query-migrate-capabilities', {}, { signal }),
    ])
    const accelerator = kvm.enabled ? 'kvm' : 'tcg'
    const processor = guestProcessor(monitor, accelerator, (await facts).processor, signal)
    processor.catch(() => {})
    const state = runStateOf(status)
    if (state === 'stopped' || migration.status?.startsWith('postcopy'))
      throw vmError('VM_BUSY', `'${definition.name}' on ${host.name} is held by an earlier migration`, {
        host: host.name,
        remedy: 'settle that migration first',
      })
    const pinned: Definition = { ...definition, argv: withMachineType(definition.argv, machineName(type)) }
    const blocked = migration['blocked-reasons'] ?? []
    return {
      offer: {
        domain: definition.name,
        uuid: definition.uuid,
        stream: 'qemu',
        runState: state === 'running' ? 'running' : 'paused',
        memoryBytes: Number(memory['base-memory']) + Number(memory['plugged-memory'] ?? 0),
        definition: definitionToJson(pinned),
        cookie: {
          folder: folder.path,
          runDirectory,
          hostId: request.source.hostId,
          files: filesToJson(await files),
          processor: processorToJson(await processor),
          version: versionText(monitor.version),
        },
      },
      findings: [
        ...(fenced ? [] : [unfenced(definition.name)]),
        ...openMonitorFindings(definition, host.name),
        ...descriptorFindings(definition, host.name),
        ...clockFindings(host, 'source', await facts),
        ...(request.live && !kvm.enabled && monitor.version.major < 9
          ? [missedWrites(definition.name, host.name)]
          : []),
        ...(lacksParallel(request, capabilities) ? [noParallel(host.name)] : []),
        ...postCopyFindings(request, definition, capabilities, host.name),
        ...blocked.map((words) => ({
          ...blocker(
            'device-blocks-migration',
            `QEMU on ${host.name} refuses to migrate '${definition.name}'`,
            'remove what the words name, then migrate again',
          ),
          words,
        })),
      ],
    }
  } finally {
    await monitor.close()
  }
}

function openMonitorFindings({ name, argv }: Definition, host: string): Finding[] {
  return openMonitors(argv).map((address) => ({
    severity: 'warning',
    code: 'open-monitor',
    side: 'source',
    message: `the QEMU of '${name}' on ${host} takes commands at ${address} from whoever connects, and will at the target`,
    remedy:
      'a monitor can start programs on its host: use a UNIX socket, as in -qmp unix:/path,server=on,wait=off',
  }))
}

function descriptorFindings({ name, argv }: Definition, host: string): Finding[] {
  return passedDescriptors(argv).map((words) =>
    blocker(
      'passed-descriptor',
      `the QEMU of '${name}' on ${host} was given an open file that cannot be had at the target: ${words}`,
      'start the guest with what the descriptor stands for: a bridge, a tap by its name, a path',
    ),
  )
}

/** Measured on QEMU 7.2: 2 of 12 copies in four rounds had an old page. Mended in 9.0 (commit 03bfc2188f, by its words). */
function missedWrites(name: string, host: string): Finding {
  return {
    severity: 'warning',
    code: 'writes-missed',
    side: 'source',
    message: `the QEMU of '${name}' on ${host} is older than 9.0 and has no KVM: it can miss what the guest writes while it is copied`,
    remedy: 'migrate without --live, or start the guest with a newer QEMU',
  }
}

function versionText({ major, minor, micro }: QmpVersion): string {
  return `${major}.${minor}.${micro}`
}

/** `pc-i440fx-7.2-machine`, as QOM calls it, is `pc-i440fx-7.2` on the command line. */
function machineName(type: unknown): string {
  if (typeof type === 'string' && type.endsWith('-machine')) return type.slice(0, -'-machine'.length)
  throw vmError('VM_PROTOCOL', `QEMU names its machine type ${JSON.stringify(type)}`)
}

/** It was not started by this vmferry: nothing would keep an old controller out. */
function unfenced(name: string): Finding {
  return {
    ...blocker('no-fence', `the QEMU of '${name}' has no fence monitor`, UNFENCED),
    error: 'VM_UNSUPPORTED',
  }
}

function noParallel(host: string): Finding {
  return {
    ...blocker('no-multifd', `QEMU on ${host} knows no parallel connections`, 'leave --connections out'),
    error: 'VM_UNSUPPORTED',
  }
}

function blocker(code: string, message: string, remedy: string): Finding {
  return { severity: 'blocker', code, side: 'source', message, remedy }
}
