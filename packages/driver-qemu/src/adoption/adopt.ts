import {
  type AdoptOptions,
  type CallOptions,
  type DriverDomain,
  type ProcessId,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { domainOf } from '../domain.ts'
import { driftFindings, present, refuseBlockers } from '../facts/drift.ts'
import { blocker } from '../facts/finding.ts'
import { passedDescriptors } from '../facts/network.ts'
import { machineTypeOf } from '../facts/running.ts'
import { checkCommandLine, withMachineType } from '../guest/command-line.ts'
import { type Definition, definitionToJson } from '../guest/definition.ts'
import { type Guest, guestNamed, listGuests, refuseHeld } from '../guest/list.ts'
import { askSpare } from '../guest/process.ts'
import { type GuestFolder, guestFolder } from '../guest/run-directory.ts'
import { refuseTaken } from '../guest/taken.ts'
import type { QemuHost } from '../qemu-host.ts'
import { startBridge } from './bridge.ts'
import { cleanCommandLine } from './command-line.ts'

/** Takes over a QEMU that somebody else started. It may have been adopted before, by a bridge that is gone. */
export async function adoptGuest(
  at: QemuHost,
  name: string,
  { qmp }: AdoptOptions,
  call: CallOptions,
): Promise<DriverDomain> {
  const { host, runDirectory } = at
  if (!/^\/[^\0\n]*$/.test(qmp))
    throw vmError('VM_INVALID', `--qmp ${JSON.stringify(qmp)} is not an absolute path`, {
      remedy: 'give the path of its -qmp unix:… socket',
    })
  const guests = await listGuests(host, runDirectory, call)
  const known = guests.filter(({ definition }) => definition.name === name)
  const again = known.find(({ alive, bridge }) => alive && bridge?.alive === false)
  if (again) return bridgedAgain(at, again, qmp, call)
  refuseKnown(guests, name, qmp, host.name)
  const dead = known.filter(({ alive }) => !alive)
  for (const guest of dead) refuseHeld(guest, at)
  const folder = guestFolder(runDirectory, `d-${at.newId()}`)
  try {
    await host.writeFile(folder.adopted, `${qmp}\n`, call)
    await startBridge(at, folder, qmp, call)
    const definition = await definitionOf(at, folder, name, guests, call)
    for (const guest of dead) await host.remove(guest.folder.path, call)
    await host.writeFile(folder.definition, JSON.stringify(definitionToJson(definition)), call)
  } catch (error) {
    await takenBack(at, folder)
    throw error
  }
  return domainNamed(at, name, call)
}

/** A name that a guest has, and a QEMU that vmferry has under another. */
function refuseKnown(guests: readonly Guest[], name: string, qmp: string, host: string): void {
  const alive = guests.filter((guest) => guest.alive)
  const named = alive.some(({ definition }) => definition.name === name)
  if (named)
    throw vmError('VM_EXISTS', `there is a '${name}' on ${host} already`, {
      host,
      remedy: 'choose another name',
    })
  const own = alive.find(({ bridge, folder }) =>
    [bridge?.monitor, folder.monitor, folder.spareMonitor].includes(qmp),
  )
  if (own) throw adopted(own, host)
}

function adopted({ definition: { name } }: Guest, host: string): VmError {
  return vmError('VM_EXISTS', `that QEMU is '${name}' on ${host} already`, {
    host,
    remedy: `it need not be adopted: it is moved and stopped as '${name}'`,
  })
}

/** A new bridge in the old folder: what a migration has on file of this guest stays. */
async function bridgedAgain(
  at: QemuHost,
  guest: Guest,
  qmp: string,
  call: CallOptions,
): Promise<DriverDomain> {
  await startBridge(at, guest.folder, qmp, call)
  await at.host.writeFile(guest.folder.adopted, `${qmp}\n`, call)
  return domainNamed(at, guest.definition.name, call)
}

async function domainNamed(at: QemuHost, name: string, call: CallOptions): Promise<DriverDomain> {
  const guest = guestNamed(await listGuests(at.host, at.runDirectory, call), name, at.host.name)
  const domain = await domainOf(at, guest, call)
  if (domain) return domain
  throw vmError('VM_CONNECTION', `the QEMU of '${name}' on ${at.host.name} has ended`, { host: at.host.name })
}

/** What was made for a guest that stays what it was. */
async function takenBack({ host }: QemuHost, folder: GuestFolder): Promise<void> {
  const call = { signal: AbortSignal.timeout(20_000) }
  const bridge = await processIn({ host }, folder.bridge, call).catch(() => null)
  if (bridge) await host.kill(bridge, 'KILL', call).catch(() => {})
  await host.remove(folder.path, call).catch(() => {})
}

async function processIn(
  { host }: Pick<QemuHost, 'host'>,
  file: string,
  call: CallOptions,
): Promise<ProcessId> {
  const text = new TextDecoder().decode(await host.readFile(file, call))
  const [pid = '', startTime = '', bootId = ''] = text.trim().split(' ')
  return { pid: Number(pid), startTime, bootId }
}

/** Its directory, then its words, which have a NUL each. */
const LOOK = `
readlink -e "/proc/$1/cwd" || exit 1
cat "/proc/$1/cmdline"
`

/** What the process and its monitor say, held against each other. */
async function definitionOf(
  at: QemuHost,
  folder: GuestFolder,
  name: string,
  guests: readonly Guest[],
  call: CallOptions,
): Promise<Definition> {
  const { host } = at
  const where = `'${name}' on ${host.name}`
  const process = await processIn(at, folder.process, call)
  const same = guests.find((guest) => guest.alive && isSame(guest.process, process))
  if (same) throw adopted(same, host.name)
  const { code, stdout, stderr } = await host.exec(['sh', '-c', LOOK, 'sh', `${process.pid}`], call)
  if (code !== 0)
    throw vmError('VM_REFUSED', `process ${process.pid} on ${host.name} cannot be looked at`, {
      host: host.name,
      causes: [{ host: host.name, words: stderr.trim() }],
      remedy: 'connect as root, or as the user that runs this QEMU',
    })
  const end = stdout.indexOf('\n')
  const argv = stdout
    .slice(end + 1)
    .replace(/\0$/, '')
    .split('\0')
  const cleaned = cleanCommandLine(argv, stdout.slice(0, end))
  const { uuid, type, now } = await askSpare(host, folder, call, async (monitor, { signal }) => {
    const [{ UUID }, machine, asked] = await Promise.all([
      monitor.execute('query-uuid', {}, { signal }),
      machineTypeOf(monitor, signal),
      present(monitor, signal),
    ])
    return { uuid: UUID.toLowerCase(), type: machine, now: asked }
  })
  const definition: Definition = { name, uuid, argv: withMachineType(cleaned.argv, type) }
  const unclear = [
    ...cleaned.refused,
    ...passedDescriptors(argv).map((words) => `${words}: an open file was passed to it`),
  ]
  refuseBlockers(`${where} cannot be adopted`, host.name, [
    ...unclear.map((words) =>
      blocker('source', 'command-line', words, 'shut the guest down, and start it with vmferry'),
    ),
    ...driftFindings(where, argv, now),
  ])
  checkCommandLine(definition.argv)
  const alive = guests.filter((guest) => guest.alive)
  refuseTaken(alive, definition, host.name)
  return definition
}

function isSame(one: ProcessId | null, other: ProcessId): boolean {
  return one?.pid === other.pid && one.startTime === other.startTime && one.bootId === other.bootId
}
