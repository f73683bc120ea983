import {
  type CallOptions,
  type JsonObject,
  type MigrationRequest,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import type { MigrationInfo, QmpClient, QmpVersion } from '@vmferry/qmp'
import { runStateOf } from '../domain.ts'
import { withMachineType } from '../guest/command-line.ts'
import { type Definition, definitionToJson } from '../guest/definition.ts'
import type { Guest } from '../guest/list.ts'
import type { QemuHost } from '../qemu-host.ts'
import { disksIn, disksOf, disksToJson } from '../storage/disks.ts'
import { type FileFact, filesFromJson, filesToJson, inodeIn } from './files.ts'
import { processorToJson, withoutSwitchedOff } from './processor.ts'
import type { RunningQemu } from './running.ts'

/** A guest's QEMU that answers, and what it and its host are being asked already. */
export interface Asked {
  readonly monitor: QmpClient
  readonly running: Promise<RunningQemu>
  readonly migration: Promise<MigrationInfo>
  readonly files: Promise<readonly FileFact[]>
}

/** What the target is to receive, as the guest is now. VM_BUSY if a migration before this one holds it. */
export async function offerOf(
  { host, runDirectory }: QemuHost,
  { definition, folder }: Guest,
  asked: Asked,
  request: MigrationRequest,
  { signal }: CallOptions,
): Promise<Offer> {
  const { monitor } = asked
  const [qemu, status, migration, memory, drives, files] = await Promise.all([
    asked.running,
    monitor.execute('query-status', {}, { signal }),
    asked.migration,
    monitor.execute('query-memory-size-summary', {}, { signal }),
    request.copyStorage ? monitor.execute('query-block', {}, { signal }) : null,
    asked.files,
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
      processor: processorToJson(withoutSwitchedOff(qemu.processor, definition.argv)),
      version: versionText(monitor.version),
      ...(drives && { disks: disksToJson(disksOf(drives)) }),
    },
  }
}

/** In what a guest is not what was offered; empty: in nothing. */
export function changedIn(offer: Offer, now: Offer): string[] {
  const [before, after] = [lasting(offer), lasting(now)]
  return Object.keys(after).filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
}

/** What nobody changes by running: an image grows as it is written to. Of the network the offer has what was found in the check. */
function lasting({ cookie = {}, ...guest }: Offer): JsonObject {
  const { address: _address, tls: _tls, ...host } = cookie
  const files = filesFromJson(cookie['files']).map((file) => ({ ...file, identity: inodeIn(file.identity) }))
  const disks = disksIn({ ...guest, cookie }).map(({ allocated: _allocated, ...disk }) => disk)
  return { ...guest, ...host, files: filesToJson(files), disks }
}

function versionText({ major, minor, micro }: QmpVersion): string {
  return `${major}.${minor}.${micro}`
}
