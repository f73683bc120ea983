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
  /** The epoch that is held of a domain; 0: it was never claimed here. */
  epochOf(domain: string): number
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

/** All in one round trip. Each line up to `files` is a kind, a space and its content. */
const LIST = `
${WITH_XL}
${PROCESSES}${CONTENTS}
command -v xl >/dev/null || { echo 'missing'; exit 0; }
timeout 20 xl list -v 2>&1 | sed 's/^/xl /'
[ -z "$2" ] || timeout 20 xl info 2>&1 | sed 's/^/info /'
[ -z "$3" ] || timeout 20 xl list -l "$3" 2>&1 | sed 's/^/config /'
cd "$1" 2>/dev/null || exit 0
echo files
contents .claims/*.epoch */outgoing.json */incoming.json */may-have-run */ready */sender */receiver
for file in */sender */receiver; do living "$file" && echo "$file alive"; done
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
  const [head = '', files = ''] = stdout.split(/^files$/m)
  if (head.startsWith('missing')) throw noXl(host.name)
  const lines = head.split('\n')
  const section = (kind: string): string =>
    lines.flatMap((line) => (line.startsWith(`${kind} `) ? [line.slice(kind.length + 1)] : [])).join('\n')
  const listed = parseTable(section('xl'), host.name)
  const contents = contentsIn(files)
  const records = contents.names.filter((name) => /^[^/]+\/(?:outgoing|incoming)\.json$/.test(name))
  const folders = new Set(records.map((name) => name.slice(0, name.indexOf('/'))))
  return {
    domains: listed.filter(({ id, state }) => id !== 0 && state !== 'dying'),
    halves: [...folders].map((id) => readHalf(contents, halfFolder(runDirectory, id), host.name)),
    epochOf: contents.epochOf,
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

function readHalf(contents: Contents, folder: HalfFolder, host: string): Half {
  const of = (file: string): string | undefined => contents.of(folder.id, file)
  const is = (file: string): boolean => of(file) !== undefined
  const role = is('outgoing.json') ? 'source' : 'target'
  const json = of('outgoing.json') ?? of('incoming.json') ?? ''
  const file = migrationFileFromJson(parseJson(json), `${folder.path} on ${host}`)
  const { domain, uuid } = file.offer
  const xl = ['sender', 'receiver'].find((one) => is(`${one} alive`))
  const [pid, startTime, bootId] = (xl && of(xl))?.split(' ') ?? []
  return {
    folder,
    role,
    file,
    uuid: uuid ?? '',
    name: role === 'source' ? domain : (file.request.rename ?? domain),
    mayHaveRun: is('may-have-run'),
    complete: is('ready'),
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
