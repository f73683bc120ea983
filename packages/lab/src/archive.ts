import { gzipSync } from 'node:zlib'

/** A file of an initial RAM disk. */
export interface ArchiveEntry {
  /** Without a leading slash. */
  readonly name: string
  /** Type and permissions, such as 0o100755 for a program, 0o040755 for a folder, 0o120777 for a link (to its content), 0o020600 for a character device. */
  readonly mode: number
  readonly content?: Uint8Array
  /** Major and minor number of a device. */
  readonly device?: readonly [major: number, minor: number]
}

/** A compressed cpio archive as the kernel reads it. */
export function initialRamDisk(entries: readonly ArchiveEntry[]): Buffer {
  return gzipSync(plainArchive(entries))
}

/**
 * The same, not compressed (format newc: Documentation/driver-api/early-userspace/buffer-format.rst). The kernel reads several
 * that follow each other as one.
 */
export function plainArchive(entries: readonly ArchiveEntry[]): Buffer {
  return Buffer.concat([...entries, { name: 'TRAILER!!!', mode: 0 }].map(record))
}

function record(entry: ArchiveEntry, index: number): Buffer {
  const { name, mode, content = new Uint8Array(), device: [major, minor] = [0, 0] } = entry
  const fields = [
    index + 1,
    mode,
    0,
    0,
    1,
    0,
    content.length,
    0,
    0,
    major,
    minor,
    Buffer.byteLength(name) + 1,
    0,
  ]
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`
  return Buffer.concat([padded(Buffer.from(header)), padded(content)])
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)])
}
