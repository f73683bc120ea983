import {
  type CallOptions,
  type EffectOptions,
  type HostRecord,
  isVmError,
  type MigrationId,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import type { CounterHost } from './counter-host.ts'
import { ask } from './hypervisor.ts'

/** What a host has on file about a migration, one file each beside the hypervisor's socket. */
export interface RecordFile extends HostRecord {
  readonly offer: Offer
  /** Only at the target: finish was asked, so the copy may have run. */
  readonly marked: boolean
}

type Role = RecordFile['role']

/** Files the record, with the epoch of the call that is about to have an effect; a call of an old epoch files nothing. */
export async function fileRecord(
  at: CounterHost,
  record: RecordFile,
  changes: Partial<RecordFile>,
  call: EffectOptions,
): Promise<RecordFile> {
  const filed = { ...record, ...changes, epoch: call.epoch }
  await ask(at, ['fence', filed.domain, filed.migration, filed.epoch], call)
  await at.host.writeFile(pathOf(at, filed.migration, filed.role), `${JSON.stringify(filed)}\n`, call)
  return filed
}

/** The record of that migration, or VM_NOT_FOUND. */
export async function readRecord(
  at: CounterHost,
  migration: MigrationId,
  role: Role,
  call: CallOptions,
): Promise<RecordFile> {
  try {
    const bytes = await at.host.readFile(pathOf(at, migration, role), call)
    return JSON.parse(Buffer.from(bytes).toString()) as RecordFile
  } catch (error) {
    if (!isVmError(error, 'VM_NOT_FOUND')) throw error
    throw vmError('VM_NOT_FOUND', `${at.host.name} has no migration ${migration} as its ${role}`, {
      host: at.host.name,
    })
  }
}

export async function removeRecord(
  at: CounterHost,
  migration: MigrationId,
  role: Role,
  call: CallOptions,
): Promise<void> {
  await at.host.remove(pathOf(at, migration, role), call)
}

/** All records of the host, in one round trip. */
export async function allRecords(at: CounterHost, call: CallOptions): Promise<readonly RecordFile[]> {
  const { stdout } = await at.host.exec(['sh', '-c', 'cat "$1"/* 2>/dev/null', 'sh', folderOf(at)], call)
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RecordFile)
}

/** The record as other controllers see it. */
export function hostRecord({ migration, role, domain, request, epoch, phase }: RecordFile): HostRecord {
  return { migration, role, domain, request, epoch, phase }
}

function folderOf({ socket }: CounterHost): string {
  return `${socket}.migrations`
}

function pathOf(at: CounterHost, migration: MigrationId, role: Role): string {
  return `${folderOf(at)}/${migration}.${role}`
}
