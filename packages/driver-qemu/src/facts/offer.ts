import { type CallOptions, type MigrationRequest, type Offer, vmError } from '@vmferry/core/driver'
import type { QmpClient, QmpVersion } from '@vmferry/qmp'
import { runStateOf } from '../domain.ts'
import { withMachineType } from '../guest/command-line.ts'
import { type Definition, definitionToJson } from '../guest/definition.ts'
import type { Guest } from '../guest/list.ts'
import type { QemuHost } from '../qemu-host.ts'
import { disksOf, disksToJson } from '../storage/disks.ts'
import { filesToJson, statFiles } from './files.ts'
import { processorToJson, switchedOff, withoutFeatures } from './processor.ts'
import type { RunningQemu } from './running.ts'

/** What the target is to receive, as the guest is now. VM_BUSY if a migration before this one holds it. `running`: what its QEMU is, which is asked at the same time. */
export async function offerOf(
  { host, runDirectory }: QemuHost,
  { definition, folder }: Guest,
  monitor: QmpClient,
  running: Promise<RunningQemu>,
  request: MigrationRequest,
  call: CallOptions,
): Promise<Offer> {
  // one listener for all of these: others ask at the same time, and Node warns of more than ten
  const signal = AbortSignal.any([call.signal])
  const [qemu, status, migration, memory, drives, files] = await Promise.all([
    running,
    monitor.execute('query-status', {}, { signal }),
    monitor.execute('query-migrate', {}, { signal }),
    monitor.execute('query-memory-size-summary', {}, { signal }),
    request.copyStorage ? monitor.execute('query-block', {}, { signal }) : null,
    statFiles(host, definition.argv, call),
  ])
  const state = runStateOf(status)
  if (state === 'stopped' || migration.status?.startsWith('postcopy'))
    throw vmError('VM_BUSY', `'${definition.name}' on ${host.name} is held by an earlier migration`, {
      host: host.name,
      remedy: 'settle that migration first',
    })
  const pinned: Definition = { ...definition, argv: withMachineType(definition.argv, qemu.machineType) }
  return {
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
      files: filesToJson(files),
      processor: processorToJson(withoutFeatures(qemu.processor, switchedOff(definition.argv))),
      version: versionText(monitor.version),
      ...(drives && { disks: disksToJson(disksOf(drives)) }),
    },
  }
}

function versionText({ major, minor, micro }: QmpVersion): string {
  return `${major}.${minor}.${micro}`
}
