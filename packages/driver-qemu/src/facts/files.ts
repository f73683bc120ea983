import type { CallOptions, HostChannel, JsonValue } from '@vmferry/core/driver'
import { type NamedFile, namedFiles } from '../guest/command-line.ts'

/** A file that the guest needs, as one host sees it. */
export interface FileFact extends NamedFile {
  readonly exists: boolean
  /** Equal inode and size on both hosts: one file, as far as can be told without writing to it. */
  readonly identity: string
}

/** What stays of an identity when the file is written to. */
export function inodeIn(identity: string): string {
  return identity.split(' ')[0] ?? ''
}

/** The bytes in an identity. */
export function sizeIn(identity: string): string {
  return identity.split(' ')[1] ?? ''
}

/** One line a file: inode and size, or nothing. Paths come as arguments. */
const STAT = 'for f; do stat -L -c "%i %s" -- "$f" 2>/dev/null || echo; done; exit 0'

/** Looks at the files that a command line names, in one round trip. */
export async function statFiles(
  host: HostChannel,
  argv: readonly string[],
  call: CallOptions,
): Promise<FileFact[]> {
  const files = namedFiles(argv)
  if (files.length === 0) return []
  const look = ['sh', '-c', STAT, 'sh', ...files.map(({ path }) => path)]
  const { stdout } = await host.exec(look, { ...call, leavesNobody: true })
  const lines = stdout.split('\n')
  return files.map((file, at) => ({ ...file, exists: Boolean(lines[at]), identity: lines[at] ?? '' }))
}

export function filesToJson(files: readonly FileFact[]): JsonValue {
  return files.map(({ path, writable, exists, identity }) => ({ path, writable, exists, identity }))
}

/** The files of an offer's cookie; none if it has none. */
export function filesFromJson(value: JsonValue | undefined): FileFact[] {
  return Array.isArray(value) ? (value as FileFact[]) : []
}
