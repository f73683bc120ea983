import {
  type CallOptions,
  type HostChannel,
  type ProcessId,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { CONTENTS, type MigrationFile, migrationFileFromJson } from '@vmferry/fence'
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

/**
 * Reads all folders of the run directory in one round trip. Each line is a kind, a space and its content; the files hold
 * one line each. A process is alive if its start time is the recorded one and it is no zombie, in this boot.
 */
const LIST = `
${CONTENTS}
cd "$1" 2>/dev/null || exit 0
boot=$(cat /proc/sys/kernel/random/boot_id)
for d in */; do
  d=\${d%/}
  contents "$d/definition.json" || continue
  printf 'folder %s\\ndefinition %s\\n' "$d" "$text"
  for f in outgoing incoming; do
    contents "$d/$f.json" && printf '%s %s\\n' "$f" "$text"
  done
  [ -e "$d/may-have-run" ] && echo 'mark 1'
  [ -p "$d/fence.in" ] && echo 'fence 1'
  contents "$d/adopted" && printf 'adopted %s\\n' "$text"
  for f in process bridge; do
    [ -f "$d/$f" ] && read -r pid start booted <"$d/$f" || continue
    printf '%s %s %s %s\\n' "$f" "$pid" "$start" "$booted"
    [ "$booted" = "$boot" ] && stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
    set -- \${stat##*) }
    case $1 in Z|X) continue;; esac
    shift 19
    [ "$1" = "$start" ] && echo "alive-$f 1"
  done
done
exit 0
`

/** All guests of a run directory; an absent directory has none. */
export async function listGuests(
  host: HostChannel,
  runDirectory: string,
  call: CallOptions,
): Promise<Guest[]> {
  const { code, stdout, stderr } = await host.exec(['sh', '-c', LIST, 'sh', runDirectory], call)
  if (code !== 0) {
    const causes = [{ host: host.name, words: stderr.trim() }]
    throw vmError('VM_PROTOCOL', `the run directory ${runDirectory} on ${host.name} cannot be read`, {
      causes,
    })
  }
  return stdout
    .split(/^folder /m)
    .slice(1)
    .map((text) => readGuest(text, runDirectory, host.name))
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

function readGuest(text: string, runDirectory: string, host: string): Guest {
  const [id = '', ...lines] = text.split('\n')
  const folder = guestFolder(runDirectory, id)
  const parts = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )
  const parsed = <T>(kind: string, file: string, read: (value: unknown, where: string) => T): T | null => {
    const json = parts.get(kind)
    return json === undefined ? null : read(parseJson(json), `${file} on ${host}`)
  }
  const adopted = parts.get('adopted')
  const [pid, startTime, bootId] = parts.get('process')?.split(' ') ?? []
  return {
    folder,
    definition: definitionFromJson(
      parseJson(parts.get('definition') ?? ''),
      `${folder.definition} on ${host}`,
    ),
    process: pid && startTime && bootId ? { pid: Number(pid), startTime, bootId } : null,
    alive: parts.has('alive-process'),
    outgoing: parsed('outgoing', folder.outgoing, migrationFileFromJson),
    incoming: parsed('incoming', folder.incoming, migrationFileFromJson),
    mayHaveRun: parts.has('mark'),
    fenced: parts.has('fence'),
    bridge: adopted === undefined ? null : { monitor: adopted, alive: parts.has('alive-bridge') },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
