import type { CallOptions, Finding, MigrationRequest, Offer } from '@vmferry/core/driver'
import type { Definition } from '../guest/definition.ts'
import type { QemuHost } from '../qemu-host.ts'
import { unflushedFiles } from '../storage/cache.ts'
import { disksIn } from '../storage/disks.ts'
import { isSameHost } from '../transport/choose.ts'
import { type FileLock, fileLocks } from './file-locks.ts'
import { filesFromJson, sizeIn, statFiles } from './files.ts'
import { blocker, warning } from './finding.ts'
import { processorFromJson } from './processor.ts'

/**
 * Holds the files that the guest needs against those of the target's host. One that is written must be the very file that the
 * source has: the same inode and size, and locked by the QEMU there, since a copy of a file system has the same inodes.
 */
export async function fileFindings(
  { host, newId }: QemuHost,
  offer: Offer,
  { argv }: Definition,
  request: MigrationRequest,
  call: CallOptions,
): Promise<Finding[]> {
  const copied = new Set(disksIn(offer).map(({ path }) => path))
  const there = new Map(filesFromJson(offer.cookie?.['files']).map((file) => [file.path, file]))
  const unflushed = unflushedFiles(argv)
  const here = await statFiles(host, argv, call)
  const findings = here.flatMap(({ path, exists, writable, identity }) => {
    if (!exists) return copied.has(path) ? [] : [missing(path, host.name)]
    const same = there.get(path)?.identity ?? ''
    if (!writable) return sizeIn(same) === sizeIn(identity) ? [] : [differs(path, host.name)]
    if (same === identity)
      return unflushed.has(path) && !isSameHost(request) ? [cacheUnsafe(path, host.name)] : []
    return [copied.has(path) ? inTheWay(path, host.name) : notShared(path, host.name)]
  })
  const written = here
    .filter((file) => file.exists && file.writable && hasLocks(file.path))
    .map(({ path }) => path)
  if (findings.length > 0 || written.length === 0) return findings
  if (lacksLocks(argv)) return [unlocked(host.name)]
  const { accelerator } = processorFromJson(offer.cookie?.['processor']) ?? { accelerator: 'tcg' }
  const locks = await fileLocks(host, argv[0] ?? '', accelerator, written, newId(), call)
  return [...locks].flatMap(([path, lock]) => lockFindings(path, host.name, lock))
}

/** The locks of a device node are those of one kernel. */
function hasLocks(path: string): boolean {
  return !path.startsWith('/dev/')
}

/** The guest was started so that its QEMU locks nothing. */
function lacksLocks(argv: readonly string[]): boolean {
  return argv.some((word) => /locking=off|"locking"\s*:\s*"off"/.test(word))
}

function lockFindings(path: string, host: string, lock: FileLock): Finding[] {
  if (lock === 'locked') return []
  if (lock === 'free')
    return [
      blocker(
        'target',
        'file-not-locked',
        `${path} on ${host} looks like the source's file, but nobody there holds the lock that the source has on it`,
        'put writable disks on storage that both hosts share, locks included',
      ),
    ]
  const finding = blocker(
    'target',
    'file-unusable',
    `the QEMU on ${host} cannot use ${path}`,
    'see to what its words name',
  )
  return [{ ...finding, words: lock.words }]
}

function missing(path: string, host: string): Finding {
  return blocker(
    'target',
    'file-missing',
    `${path} is not on ${host}`,
    `make it reachable there under the same path, or let --copy-storage copy a disk that is a file`,
  )
}

function differs(path: string, host: string): Finding {
  return warning(
    'target',
    'file-differs',
    `${path} on ${host} has another size than at the source: a guest cannot be loaded with firmware of another size`,
    'install the same version of that file on both hosts',
  )
}

function inTheWay(path: string, host: string): Finding {
  return blocker(
    'target',
    'file-in-the-way',
    `${path} on ${host} is another file than at the source, and is never written over`,
    'remove it there if nobody needs it, or put the disk on storage that both hosts share',
  )
}

function notShared(path: string, host: string): Finding {
  return blocker(
    'target',
    'file-not-shared',
    `${path} on ${host} is another file than at the source`,
    'put writable disks on storage that both hosts share; or remove it there and use --copy-storage',
  )
}

/** What the source's QEMU wrote may then only be in the page cache of its host, and the target reads what was before. */
function cacheUnsafe(path: string, host: string): Finding {
  return blocker(
    'target',
    'cache-unsafe',
    `${path} is shared with ${host}, and the guest's QEMU never flushes what it writes there (cache=unsafe)`,
    'start the guest with another cache mode: cache=none',
  )
}

function unlocked(host: string): Finding {
  return warning(
    'target',
    'locks-off',
    `the guest locks none of its disks (locking=off): whether ${host} shares them is only told by inode and size`,
    'start the guest without locking=off, so that two QEMUs cannot write to one disk',
  )
}
