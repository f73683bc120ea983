import {
  type CallOptions,
  type HostChannel,
  type ProcessId,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import {
  CONTENTS,
  type Contents,
  contentsIn,
  type MigrationFile,
  migrationFileFromJson,
  PROCESSES,
} from '@vmferry/fence'
import type { QemuHost } from '../qemu-host.ts'
import { type Definition, definitionFromJson } from './definition.ts'
import { type GuestFolder, guestFolder } from './run-directory.ts'

/** A guest's folder as it was found on the host. */
export interface Guest {
  readonly folder: GuestFolder
  readonly definition: Definition
  /** Null before the process was started. */
  readonly process: ProcessId | null
  readonly alive: boolean
  readonly outgoing: MigrationFile | null
  readonly incoming: MigrationFile | null
  readonly mayHaveRun: boolean
  /** Its QEMU has a fence monitor. */
  readonly fenced: boolean
  /** The bridge of an adopted guest: to which monitor it leads, and whether it is there; null for a guest that needs none. */
  readonly bridge: Bridge | null
}

/** What stands between vmferry and an adopted QEMU. */
export interface Bridge {
  /** The path of the QEMU's own monitor. */
  readonly monitor: string
  readonly alive: boolean
}

/** Refuses with VM_BUSY a guest that a migration has, in either direction, which has not come to its end. */
export function refuseHeld({ definition, outgoing, incoming, mayHaveRun }: Guest, at: QemuHost): void {
  const held = outgoing ?? (mayHaveRun ? null : incoming)
  if (!held) return
  const message = `'${definition.name}' on ${at.host.name} is being migrated already, by ${held.migration}`
  const remedy = `wait until it has settled; if its controller is lost: vmferry recover --host ${at.uri.text}`
  throw vmError('VM_BUSY', message, { host: at.host.name, remedy })
}

/** Refuses with VM_CONNECTION an adopted guest that runs, and of which nobody can ask or tell anything any more. */
export function refuseBridgeless({ definition: { name }, alive, bridge }: Guest, at: QemuHost): void {
  if (!alive || !bridge || bridge.alive) return
  const message = `the bridge to the QEMU of '${name}' on ${at.host.name} is gone; the guest itself is there`
  const remedy = `adopt it again: vmferry adopt ${at.uri.text} ${name} --qmp ${bridge.monitor}`
  throw vmError('VM_CONNECTION', message, { host: at.host.name, remedy })
}

/** All in one round trip. */
const LIST = `
${PROCESSES}${CONTENTS}
cd "$1" 2>/dev/null || exit 0
contents .claims/*.epoch */definition.json */outgoing.json */incoming.json */may-have-run */adopted */process */bridge
for file in */fence.in; do [ ! -p "$file" ] || echo "$file"; done
for file in */process */bridge; do living "$file" && echo "$file alive"; done
exit 0
`

/** What a run directory holds; an absent one holds nothing. */
export interface Sight {
  readonly guests: readonly Guest[]
  /** The epoch that is held of a domain; 0: it was never claimed here. */
  epochOf(domain: string): number
}

/** Looks at a run directory. */
export async function lookAt(host: HostChannel, runDirectory: string, call: CallOptions): Promise<Sight> {
  const { code, stdout, stderr } = await host.exec(['sh', '-c', LIST, 'sh', runDirectory], {
    ...call,
    leavesNobody: true,
  })
  if (code !== 0) {
    const causes = [{ host: host.name, words: stderr.trim() }]
    throw vmError('VM_PROTOCOL', `the run directory ${runDirectory} on ${host.name} cannot be read`, {
      causes,
    })
  }
  const contents = contentsIn(stdout)
  const folders = contents.names.flatMap((name) => /^([^/]+)\/definition\.json$/.exec(name)?.[1] ?? [])
  return {
    guests: folders.map((id) => readGuest(contents, guestFolder(runDirectory, id), host.name)),
    epochOf: contents.epochOf,
  }
}

/** All guests of a run directory. */
export async function listGuests(
  host: HostChannel,
  runDirectory: string,
  call: CallOptions,
): Promise<readonly Guest[]> {
  return (await lookAt(host, runDirectory, call)).guests
}

/** The guest of that name that is in charge here: one that is still being received is not. VM_NOT_FOUND. */
export function guestNamed(guests: readonly Guest[], name: string, host: string): Guest {
  const found = guests.filter(({ definition }) => definition.name === name)
  const guest =
    found.find(({ alive, incoming, mayHaveRun }) => alive && (!incoming || mayHaveRun)) ?? found[0]
  if (guest) return guest
  throw noGuest(guests, name, host)
}

/** VM_NOT_FOUND for a guest that is none of these. */
export function noGuest(guests: readonly Guest[], name: string, host: string): VmError {
  const known = guests.map(({ definition }) => definition.name).join(', ') || 'none'
  return vmError('VM_NOT_FOUND', `there is no domain named '${name}' on ${host}`, {
    host,
    remedy: `it has ${known}`,
  })
}

function readGuest(contents: Contents, folder: GuestFolder, host: string): Guest {
  const of = (file: string): string | undefined => contents.of(folder.id, file)
  const is = (file: string): boolean => of(file) !== undefined
  const migration = (file: string): MigrationFile | null => {
    const json = of(file)
    return json === undefined
      ? null
      : migrationFileFromJson(parseJson(json), `${folder.path}/${file} on ${host}`)
  }
  const adopted = of('adopted')
  const [pid, startTime, bootId] = of('process')?.split(' ') ?? []
  return {
    folder,
    definition: definitionFromJson(parseJson(of('definition.json') ?? ''), `${folder.definition} on ${host}`),
    process: pid && startTime && bootId ? { pid: Number(pid), startTime, bootId } : null,
    alive: is('process alive'),
    outgoing: migration('outgoing.json'),
    incoming: migration('incoming.json'),
    mayHaveRun: is('may-have-run'),
    fenced: is('fence.in'),
    bridge: adopted === undefined ? null : { monitor: adopted, alive: is('bridge alive') },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
