import {
  type CallOptions,
  type HostChannel,
  type ProcessId,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { CONTENTS, type MigrationFile, migrationFileFromJson } from '@vmferry/fence'
import { INCOMING } from '../xl/messages.ts'
import { WITH_XL } from '../xl/shell.ts'
import { parseTable, type XlDomain } from '../xl/table.ts'
import { type HalfFolder, halfFolder } from './run-directory.ts'

/** One half of a migration as it was found on its host. */
export interface Half {
  readonly folder: HalfFolder
  readonly role: 'source' | 'target'
  readonly file: MigrationFile
  readonly uuid: string
  /** The domain's own name on this host. */
  readonly name: string
  readonly mayHaveRun: boolean
  /** Everything has come, as the target's xl said. */
  readonly complete: boolean
  /** The xl of this half, sender or receiver; null if it is not there. */
  readonly process: ProcessId | null
}

/** What a host has: domains as xl lists them, and halves of migrations. */
export interface Sight {
  /** Without Domain-0 and what is being taken apart. */
  readonly domains: readonly XlDomain[]
  readonly halves: readonly Half[]
  /** What `xl info` says, and `xl list -l` of the domain that was asked for; empty where neither was. */
  readonly info: string
  readonly config: string
}

/** What else is looked at. */
export interface More {
  /** `xl info`. */
  readonly info: true
  /** The domain whose configuration is shown. */
  readonly domain?: string
}

/** All in one round trip. Each line is a kind, a space and its content. */
const LIST = `
${WITH_XL}
${CONTENTS}
command -v xl >/dev/null || { echo 'missing'; exit 0; }
timeout 20 xl list -v 2>&1 | sed 's/^/xl /'
[ -z "$2" ] || timeout 20 xl info 2>&1 | sed 's/^/info /'
[ -z "$3" ] || timeout 20 xl list -l "$3" 2>&1 | sed 's/^/config /'
cd "$1" 2>/dev/null || exit 0
boot=$(cat /proc/sys/kernel/random/boot_id)
for d in */; do
  d=\${d%/}
  printf 'folder %s\\n' "$d"
  for f in outgoing incoming; do
    contents "$d/$f.json" && printf '%s %s\\n' "$f" "$text"
  done
  [ -e "$d/may-have-run" ] && echo 'mark 1'
  [ -e "$d/ready" ] && echo 'ready 1'
  for f in sender receiver; do
    [ -f "$d/$f" ] && read -r pid start booted <"$d/$f" && [ "$booted" = "$boot" ] && stat=$(cat "/proc/$pid/stat" 2>/dev/null) || continue
    set -- "$1" \${stat##*) }
    case $2 in Z|X) continue;; esac
    shift 20
    [ "$1" = "$start" ] && echo "alive $pid $start $boot"
    set -- "$1"
  done
done
exit 0
`

/** Looks at a host. VM_UNSUPPORTED without xl, VM_PROTOCOL where its words are not known. */
export async function lookAt(
  host: HostChannel,
  runDirectory: string,
  call: CallOptions,
  more?: More,
): Promise<Sight> {
  const words = [more ? 'info' : '', more?.domain ?? '']
  const { stdout } = await host.exec(['sh', '-c', LIST, 'sh', runDirectory, ...words], call)
  const [head = '', ...folders] = stdout.split(/^folder /m)
  if (head.startsWith('missing')) throw noXl(host.name)
  const lines = head.split('\n')
  const section = (kind: string): string =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : [])).join('\n')
  const listed = parseTable(section('xl'), host.name)
  return {
    domains: listed.filter(({ id, state }) => id !== 0 && state !== 'dying'),
    halves: folders.flatMap((text) => readHalf(text, runDirectory, host.name) ?? []),
    info: section('info'),
    config: section('config'),
  }
}

export function noXl(host: string): VmError {
  return vmError('VM_UNSUPPORTED', `${host} has no xl`, {
    host,
    remedy: 'this driver needs the toolstack xl: install the tools of Xen there (xm and xapi are other ones)',
  })
}

/** The half of that migration. VM_NOT_FOUND. */
export function halfOf({ halves }: Sight, role: Half['role'], migration: string, host: string): Half {
  const half = halves.find((one) => one.role === role && one.file.migration === migration)
  if (half) return half
  const way = role === 'source' ? 'outgoing' : 'incoming'
  throw vmError('VM_NOT_FOUND', `${host} has no ${way} migration ${migration}`, { host })
}

/** The domain of a half, whatever xl calls it by now. */
export function domainOfHalf({ domains }: Sight, { uuid, role }: Half): XlDomain | null {
  const found = domains.filter((domain) => domain.uuid === uuid)
  const incoming = found.find(({ name }) => name.endsWith(INCOMING))
  return (role === 'target' ? incoming : null) ?? found[0] ?? null
}

function readHalf(text: string, runDirectory: string, host: string): Half | null {
  const [id = '', ...lines] = text.split('\n')
  const parts = new Map(
    lines.map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)]),
  )
  const role = parts.has('outgoing') ? 'source' : 'target'
  const json = parts.get('outgoing') ?? parts.get('incoming')
  if (json === undefined) return null
  const folder = halfFolder(runDirectory, id)
  const file = migrationFileFromJson(parseJson(json), `${folder.path} on ${host}`)
  const { domain, uuid } = file.offer
  const [pid, startTime, bootId] = parts.get('alive')?.split(' ') ?? []
  return {
    folder,
    role,
    file,
    uuid: uuid ?? '',
    name: role === 'source' ? domain : (file.request.rename ?? domain),
    mayHaveRun: parts.has('mark'),
    complete: parts.has('ready'),
    process: pid && startTime && bootId ? { pid: Number(pid), startTime, bootId } : null,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
