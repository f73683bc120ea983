import type { CallOptions, Finding, HostChannel, MigrationRequest, Offer } from '@vmferry/core/driver'
import { blocker, warning } from '../facts/finding.ts'
import { absentDisks, type CopiedDisk, type Unfit } from './disks.ts'

/** What QEMU must know at the source to send disks, and at the target to take them. */
const COMMANDS = {
  source: ['blockdev-add', 'blockdev-mirror', 'block-job-cancel', 'job-dismiss', 'yank'],
  target: ['nbd-server-start', 'block-export-add', 'blockdev-add'],
} as const

const REASONS: Readonly<Record<Unfit, readonly [words: string, remedy: string]>> = {
  device: ['is a device', 'make a device of that name and size there, on shared storage'],
  format: ['is neither raw nor qcow2', 'convert it with qemu-img, or share it between the hosts'],
  'backing-chain': [
    'has a backing file',
    'merge the chain into one image (block-stream, or qemu-img rebase), or share it between the hosts',
  ],
  encrypted: ['is encrypted by QEMU', 'share it between the hosts'],
  'data-file': ['keeps its data in another file', 'convert it with qemu-img, or share it between the hosts'],
  options: ['is only a part of its file, or opened in another uncommon way', 'share it between the hosts'],
  snapshots: ['has snapshots inside, which a copy would lose', 'delete them, or share it between the hosts'],
}

/** One folder of the target, as the disks need it. */
interface Room {
  readonly problem: 'missing' | 'read-only' | null
  /** The file system that it is on. */
  readonly device: string
  readonly freeBytes: number
}

const LOOK = `
for d; do
  if [ ! -d "$d" ]; then echo missing; continue; fi
  [ -w "$d" ] && state=ok || state=read-only
  echo "$state $(stat -L -c %d "$d") $(stat -f -c '%a %S' "$d")"
done
`

/** Holds the disks that this host does not have, and that are to be copied, against the room that it has for them. */
export async function storageFindings(
  host: HostChannel,
  offer: Offer,
  call: CallOptions,
): Promise<Finding[]> {
  const disks = await absentDisks(host, offer, call)
  if (disks.length === 0) return []
  const argv = ['sh', '-c', LOOK, 'sh', ...disks.map(({ path }) => folderOf(path))]
  const { stdout } = await host.exec(argv, call)
  const lines = stdout.split('\n')
  const rooms = disks.map((_, at) => roomIn(lines[at] ?? ''))
  const findings = disks.flatMap((disk, at) => ofOne(disk, rooms[at]?.problem ?? null, host.name))
  return [...findings, ...ofAll(disks, rooms, host.name)]
}

/** A QEMU that lacks a command for the copy. */
export function lacksStorage(
  side: 'source' | 'target',
  known: ReadonlySet<string>,
  host: string,
): readonly Finding[] {
  const lacking = COMMANDS[side].filter((name) => !known.has(name))
  if (lacking.length === 0) return []
  const message = `QEMU on ${host} cannot copy disks: it has no ${lacking.join(', ')}`
  const remedy = 'install a newer QEMU there, or share the disks between the hosts'
  return [{ ...blocker(side, 'no-storage-copy', message, remedy), error: 'VM_UNSUPPORTED' }]
}

/** Wishes that do not go together. */
export function storageWishes({ copyStorage, postCopy }: MigrationRequest): readonly Finding[] {
  if (!copyStorage || !postCopy) return []
  const message =
    'disks are copied before the guest moves, and post-copy moves it before its memory is copied'
  const finding = blocker(
    'source',
    'storage-with-postcopy',
    message,
    'leave --postcopy out, or share the disks',
  )
  return [{ ...finding, error: 'VM_UNSUPPORTED' }]
}

function ofOne({ path, unfit }: CopiedDisk, problem: Room['problem'], host: string): Finding[] {
  const folder = folderOf(path)
  if (unfit) {
    const [words, remedy] = REASONS[unfit]
    return [
      blocker(
        'target',
        `disk-${unfit}`,
        `${path} is not on ${host} and cannot be copied: it ${words}`,
        remedy,
      ),
    ]
  }
  if (problem === 'missing')
    return [
      blocker('target', 'folder-missing', `${host} has no folder ${folder} for ${path}`, 'make it there'),
    ]
  if (problem === 'read-only')
    return [
      blocker(
        'target',
        'folder-read-only',
        `the user on ${host} may not write to ${folder}, where ${path} is to be`,
        'change its owner or mode, or connect as another user',
      ),
    ]
  return []
}

/** What each file system is to take, all its disks together. */
function ofAll(disks: readonly CopiedDisk[], rooms: readonly Room[], host: string): Finding[] {
  const usable = rooms.filter(({ problem }) => problem !== 'missing')
  return Array.from(new Set(usable.map(({ device }) => device))).flatMap((device) => {
    const here = disks.filter((_, at) => rooms[at]?.device === device)
    const free = rooms.find((room) => room.device === device)?.freeBytes ?? 0
    const sum = (size: 'allocated' | 'bytes'): number => here.reduce((total, disk) => total + disk[size], 0)
    const paths = here.map(({ path }) => path).join(', ')
    const has = `${host} has ${mib(free)} MiB of room for ${paths}`
    const remedy = 'make room there, or share the disks between the hosts'
    if (free < sum('allocated'))
      return [blocker('target', 'disk-no-space', `${has}, which take ${mib(sum('allocated'))} MiB`, remedy)]
    if (free >= sum('bytes')) return []
    return [
      warning('target', 'disk-space-short', `${has}, which may grow to ${mib(sum('bytes'))} MiB`, remedy),
    ]
  })
}

function roomIn(line: string): Room {
  const [state = '', device = '', blocks = '0', size = '0'] = line.split(' ')
  const problem = state === 'missing' || state === 'read-only' ? state : null
  return { problem, device, freeBytes: Number(blocks) * Number(size) }
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function mib(bytes: number): number {
  return Math.ceil(bytes / 1024 ** 2)
}
