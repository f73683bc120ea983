import type { CallOptions, HostChannel, JsonValue, Offer } from '@vmferry/core/driver'
import type { BlockInfo, BlockNode } from '@vmferry/qmp'
import { jsonMember } from '../guest/command-line.ts'

/** Why a disk cannot be copied. */
export type Unfit =
  | 'device'
  | 'format'
  | 'backing-chain'
  | 'encrypted'
  | 'data-file'
  | 'snapshots'
  | 'options'

/** A disk or the medium in a drive, as the source's QEMU sees it. */
export interface Disk {
  /** Of the image, the same on both hosts. */
  readonly path: string
  /** What the source's QEMU calls it. */
  readonly node: string
  readonly format: string
  /** Bytes that the guest sees. */
  readonly bytes: number
  /** Bytes that the image takes. */
  readonly allocated: number
  /** Null: nothing stands in the way of a copy. */
  readonly unfit: Unfit | null
}

/** A disk that is copied, and what the QEMUs on both hosts call all that belongs to its copy. */
export interface CopiedDisk extends Disk {
  /** The job, the export, and the node that it is written through. */
  readonly id: string
  /** The source's connection to the target's NBD server. */
  readonly connection: string
}

/** What QEMU says in the place of a file's name where that would not say all. */
const ALL_OPTIONS = 'json:'

/**
 * The disks in a reply to query-block, each file or device of the host once. Firmware that is only read is none of them: it belongs
 * to the host.
 */
export function disksOf(drives: readonly BlockInfo[]): Disk[] {
  const seen = new Set<string>()
  return drives.flatMap(({ inserted, device, qdev }) => {
    if (!inserted || (inserted.ro && /flash/.test(`${device} ${qdev}`))) return []
    const { drv: format, image } = inserted
    const named = fileOf(inserted)
    // the file with the images that were made has a line for each
    if (!named || !/^\/[^\n]*$/.test(named) || seen.has(named)) return []
    seen.add(named)
    const sizes = { bytes: Number(image['virtual-size']), allocated: Number(image['actual-size'] ?? 0) }
    const node = inserted['node-name'] ?? ''
    return [{ path: named, node, format, ...sizes, unfit: unfitness(named, inserted) }]
  })
}

/** What a node is in, apart from the format; nothing if that is no file. */
export function fileOf({ file }: BlockNode): string | undefined {
  return file.startsWith(ALL_OPTIONS) ? jsonMember(file.slice(ALL_OPTIONS.length), 'filename') : file
}

function unfitness(path: string, inserted: BlockNode): Unfit | null {
  const { drv, encrypted, image, file } = inserted
  if (path.startsWith('/dev/')) return 'device'
  if (drv !== 'raw' && drv !== 'qcow2') return 'format'
  if (inserted.backing_file_depth > 0 || image['backing-filename'] !== undefined) return 'backing-chain'
  if (encrypted || image['encrypted'] === true) return 'encrypted'
  if (JSON.stringify(image['format-specific'] ?? null).includes('"data-file"')) return 'data-file'
  const { snapshots } = image
  if (Array.isArray(snapshots) && snapshots.length > 0) return 'snapshots'
  return file.startsWith(ALL_OPTIONS) ? 'options' : null
}

export function disksToJson(disks: readonly Disk[]): JsonValue {
  return disks.map((disk) => ({ ...disk }))
}

/** The disks that may be copied. An offer has none unless a copy was asked for. */
export function disksIn({ cookie }: Offer): CopiedDisk[] {
  const disks = cookie?.['disks']
  if (!Array.isArray(disks)) return []
  return (disks as unknown as readonly Disk[]).map((disk, at) => ({
    ...disk,
    id: `vmferry-disk${at}`,
    connection: `vmferry-nbd${at}`,
  }))
}

const ABSENT = 'for f; do [ -e "$f" ] || [ -L "$f" ] && echo 1 || echo 0; done'

/** Those of the offer's disks that this host does not have. */
export async function absentDisks(host: HostChannel, offer: Offer, call: CallOptions): Promise<CopiedDisk[]> {
  const disks = disksIn(offer)
  if (disks.length === 0) return []
  const { stdout } = await host.exec(['sh', '-c', ABSENT, 'sh', ...disks.map(({ path }) => path)], call)
  const lines = stdout.split('\n')
  return disks.filter((_, at) => lines[at] === '0')
}
