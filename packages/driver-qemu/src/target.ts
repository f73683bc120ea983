import { createHash } from 'node:crypto'
import {
  type ChosenRequest,
  type EffectOptions,
  type HostChannel,
  type Incoming,
  isVmError,
  type MigrationTarget,
  type Offer,
  type ProcessId,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import { arrive, end, type Fence, hostRecord, type MigrationFile, remove } from '@vmferry/fence'
import { fileFindings } from './facts/file-findings.ts'
import { arrivingDefinition, takenFindings, targetFacts } from './facts/target.ts'
import { unmake } from './fence/step.ts'
import { type Definition, definitionToJson } from './guest/definition.ts'
import { listGuests } from './guest/list.ts'
import { firstMonitor, launchGuest } from './guest/process.ts'
import { type GuestFolder, guestFolder } from './guest/run-directory.ts'
import { openIncoming } from './migration/incoming.ts'
import { listening } from './migration/listening.ts'
import { withSpice } from './migration/spice.ts'
import type { QemuHost } from './qemu-host.ts'
import { absentDisks, type CopiedDisk, disksIn } from './storage/disks.ts'
import { storageFindings } from './storage/findings.ts'
import { imageStep } from './storage/image.ts'
import { targetTls, wantsTls } from './tls/half.ts'
import { targetTransports } from './transport/choose.ts'

/** Milliseconds. Nobody waits for it. */
const KEEP_LIMIT = 10_000

export function qemuTarget(at: QemuHost): MigrationTarget {
  const { host, runDirectory } = at
  return {
    async check(offer, request, call) {
      const [facts, secured] = await Promise.all([
        targetFacts(at, offer, request, call),
        wantsTls(request) ? targetTls(at, offer, request, call) : [],
      ])
      const findings = [...facts.findings, ...secured]
      const digest = createHash('sha256').update(JSON.stringify(findings)).digest('hex')
      return { findings, transports: targetTransports(request, runDirectory), digest, epoch: facts.epoch }
    },
    async prepare(offer, request, call) {
      const folder = guestFolder(runDirectory, call.migration)
      const definition = arrivingDefinition(offer, request.rename)
      const fence = at.fences.of(definition.name, folder.path)
      try {
        return await prepared(at, { fence, folder, definition, offer, request }, call)
      } catch (error) {
        await fence.act([end('process', 0), unmake(), remove()], {
          ...call,
          signal: AbortSignal.timeout(20_000),
        })
        await fence.leave()
        if (call.signal.aborted || isVmError(error, 'VM_CONNECTION')) throw error
        const known = isVmError(error, 'VM_PHASE_FAILED') || isVmError(error, 'VM_EXISTS')
        throw known ? error : asFailure(error, host.name)
      }
    },
    async recall(id, call) {
      const guests = await listGuests(host, runDirectory, call)
      const guest = guests.find(({ incoming }) => incoming?.migration === id)
      const file = guest?.incoming
      if (!guest || !file)
        throw vmError('VM_NOT_FOUND', `${host.name} has no incoming migration ${id}`, { host: host.name })
      const { folder, process, definition } = guest
      const endpoints = { ram: folder.migrationSocket, nbd: folder.storageSocket }
      const ticket: Ticket = { transport: 'unix', endpoints }
      const arrival = { domain: definition.name, folder, file, process, ticket, disks: disksIn(file.offer) }
      const { ticket: _ticket, ...half } = openIncoming(at, arrival, null)
      return { ...half, record: hostRecord('target', definition.name, file) }
    },
  }
}

/** What is to arrive, and where. */
interface Coming {
  readonly fence: Fence
  readonly folder: GuestFolder
  readonly definition: Definition
  readonly offer: Offer
  readonly request: ChosenRequest
}

/** Records first, then the process, then its ear. */
async function prepared(at: QemuHost, coming: Coming, call: EffectOptions): Promise<Incoming> {
  const { fence, folder, definition, offer, request } = coming
  const { migration, epoch } = call
  const file: MigrationFile = { migration, epoch, phase: 'prepare', request, offer }
  fence.stay(call)
  await fence.act([arrive(file, definitionToJson(definition))], call)
  const free = refuseTaken(at, coming, call)
  free.catch(() => {})
  if (request.copyStorage) await free
  const disks = await imagesMade(at, coming, call)
  const process = await launched(at.host, coming, call)
  await free
  const answering = firstMonitor(at.host, folder, definition, call)
  answering.catch(() => {})
  const heard = await listening(at, { ...coming, disks }, call).catch(async (error: unknown) => {
    // a QEMU that has ended said why
    await (await answering).close()
    throw error
  })
  const monitor = await answering
  const ticket = await withSpice({ host: at.host, fence }, { argv: definition.argv, request }, heard, call)
  const arrival = { domain: definition.name, folder, file, process, ticket, disks }
  at.afterwards.add(at.keptAnswers.file({ signal: AbortSignal.timeout(KEEP_LIMIT) }))
  return openIncoming(at, arrival, { monitor, fence })
}

/** Looked at once more: what is made here stays until the copy is aborted. */
async function imagesMade(at: QemuHost, coming: Coming, call: EffectOptions): Promise<CopiedDisk[]> {
  const { fence, offer, definition } = coming
  if (!coming.request.copyStorage) return []
  const findings = await Promise.all([
    fileFindings(at, offer, definition, coming.request, call),
    storageFindings(at.host, offer, call),
  ])
  const blocker = findings.flat().find(({ severity }) => severity === 'blocker')
  if (blocker) {
    const { message, remedy = 'look at the plan' } = blocker
    throw vmError('VM_PHASE_FAILED', message, { host: at.host.name, phase: 'prepare', remedy })
  }
  const disks = await absentDisks(at.host, offer, call)
  await fence.act(disks.map(imageStep), call)
  return disks
}

async function launched(
  host: HostChannel,
  { fence, folder, definition }: Coming,
  call: EffectOptions,
): Promise<ProcessId> {
  try {
    const filed = (file: string, argv: readonly string[]) => fence.launch(file, argv, call)
    return await launchGuest(host, folder, definition, true, filed, call)
  } catch (error) {
    // was it the fence that kept it out?
    await fence.act([], call)
    throw error
  }
}

/**
 * Looked at once this arrival is on file: of two that want one name at the same moment, neither overlooks the other. No image is
 * made before it has answered; a QEMU comes up meanwhile, and is ended again.
 */
async function refuseTaken(
  at: QemuHost,
  { folder, offer, request }: Coming,
  call: EffectOptions,
): Promise<void> {
  const guests = await listGuests(at.host, at.runDirectory, call)
  const others = guests.filter((guest) => guest.folder.id !== folder.id)
  const [taken] = takenFindings(others, offer, request, at)
  if (taken) throw vmError('VM_EXISTS', taken.message, { host: at.host.name, phase: 'prepare' })
}

function asFailure(error: unknown, host: string): Error {
  if (!isVmError(error)) return error instanceof Error ? error : new Error(String(error))
  const { message, causes, remedy } = error
  return vmError('VM_PHASE_FAILED', message, { host, causes, ...(remedy && { remedy }), cause: error })
}
