import { createHash } from 'node:crypto'
import {
  type CallOptions,
  type ChosenRequest,
  type EffectOptions,
  type HostChannel,
  type Incoming,
  isVmError,
  type JsonObject,
  type MigrationTarget,
  type Offer,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { definitionToJson } from './definition.ts'
import { listGuests } from './guest-list.ts'
import { launchGuest } from './guest-process.ts'
import { openIncoming } from './incoming.ts'
import { standByToMark } from './mark.ts'
import { hostRecord, type MigrationFile } from './migration-file.ts'
import type { QemuHost } from './qemu-host.ts'
import { processIn, untilGone } from './recorded-process.ts'
import { type GuestFolder, guestFolder } from './run-directory.ts'
import { arrivingDefinition, takenFindings, targetFindings } from './target-facts.ts'
import { targetTransports } from './transport.ts'

export function qemuTarget(at: QemuHost): MigrationTarget {
  const { host, runDirectory } = at
  return {
    async check(offer, request, call) {
      const findings = await targetFindings(at, offer, request, call)
      const digest = createHash('sha256').update(JSON.stringify(findings)).digest('hex')
      return { findings, transports: targetTransports(request), digest }
    },
    async prepare(offer, request, call) {
      const folder = guestFolder(runDirectory, call.migration)
      try {
        return await prepared(at, folder, offer, request, call)
      } catch (error) {
        await leaveNothing(at, folder)
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
      const ticket: Ticket = { transport: 'unix', endpoints: { ram: folder.migrationSocket } }
      const { ticket: _ticket, ...half } = openIncoming(at, { folder, file, process, ticket }, null)
      return { ...half, record: hostRecord('target', definition.name, file) }
    },
  }
}

/** Records first, then the process, then its ear. */
async function prepared(
  at: QemuHost,
  folder: GuestFolder,
  offer: Offer,
  request: ChosenRequest,
  call: EffectOptions,
): Promise<Incoming> {
  const { host } = at
  const definition = arrivingDefinition(offer, request.rename)
  const { migration, epoch } = call
  const file: MigrationFile = { migration, epoch, phase: 'prepare', request, offer }
  await fileArrival(host, folder, [file, definitionToJson(definition)], call)
  await refuseTaken(at, folder, offer, request, call)
  const { process, monitor } = await launchGuest(host, folder, definition, true, call)
  await monitor.execute(
    'migrate-set-capabilities',
    { capabilities: [{ capability: 'events', state: true }] },
    call,
  )
  const ticket = await listening(monitor, folder, offer, request, call)
  const marker = await standByToMark(host, folder.mayHaveRun, call)
  return openIncoming(at, { folder, file, process, ticket }, monitor, marker)
}

/** Looked at once this arrival is on file: of two that want one name at the same moment, neither overlooks the other. */
async function refuseTaken(
  at: QemuHost,
  folder: GuestFolder,
  offer: Offer,
  request: ChosenRequest,
  call: EffectOptions,
): Promise<void> {
  const guests = await listGuests(at.host, at.runDirectory, call)
  const others = guests.filter((guest) => guest.folder.id !== folder.id)
  const [taken] = takenFindings(others, offer, request, at)
  if (taken) throw vmError('VM_EXISTS', taken.message, { host: at.host.name, phase: 'prepare' })
}

/** Files the record, then the definition: each a line of the input, whole and on the disk before the next. */
const FILE = `
umask 077
mkdir -p "$1" && cd "$1" || exit 1
keep() { printf %s "$2" >"$1.new" && sync "$1.new" && mv "$1.new" "$1"; }
IFS= read -r record && IFS= read -r definition || exit 1
keep incoming.json "$record" && keep definition.json "$definition" && sync . ..
`

async function fileArrival(
  host: HostChannel,
  folder: GuestFolder,
  files: readonly [MigrationFile, JsonObject],
  call: CallOptions,
): Promise<void> {
  const input = files.map((file) => `${JSON.stringify(file)}\n`).join('')
  const { code, stderr } = await host.exec(['sh', '-c', FILE, 'sh', folder.path], { ...call, input })
  if (code === 0) return
  throw vmError('VM_PHASE_FAILED', `the migration could not be filed in ${folder.path} on ${host.name}`, {
    host: host.name,
    causes: [{ host: host.name, words: stderr.trim() }],
  })
}

/** Makes QEMU listen, and says where. */
async function listening(
  monitor: QmpClient,
  folder: GuestFolder,
  offer: Offer,
  { transport, uri }: ChosenRequest,
  call: EffectOptions,
): Promise<Ticket> {
  if (transport !== 'tcp') {
    await monitor.execute('migrate-incoming', { uri: `unix:${folder.migrationSocket}` }, call)
    return { transport, endpoints: { ram: folder.migrationSocket } }
  }
  const address = offer.cookie?.['address']
  if (typeof address !== 'string')
    throw vmError('VM_PROTOCOL', 'the offer does not say where tcp should listen')
  const host = address.includes(':') ? `[${address}]` : address
  await monitor.execute('migrate-incoming', { uri: `tcp:${host}:${uri?.port ?? 0}` }, call)
  const { 'socket-address': [bound] = [] } = await monitor.execute('query-migrate', {}, call)
  const port = bound && 'port' in bound ? bound.port : undefined
  if (!port) throw vmError('VM_PROTOCOL', 'QEMU does not say on which port it listens')
  return { transport, endpoints: { ram: `${host}:${port}` } }
}

/** Whatever prepare had made when it failed. */
async function leaveNothing({ host, clock }: QemuHost, folder: GuestFolder): Promise<void> {
  const call = { signal: AbortSignal.timeout(20_000) }
  const process = await processIn(host, folder.process, call)
  if (process) {
    await host.kill(process, 'KILL', call)
    await untilGone(host, clock, process, 0, call)
  }
  await host.remove(folder.path, call)
}

function asFailure(error: unknown, host: string): Error {
  if (!isVmError(error)) return error instanceof Error ? error : new Error(String(error))
  const { message, causes, remedy } = error
  return vmError('VM_PHASE_FAILED', message, { host, causes, ...(remedy && { remedy }), cause: error })
}
