import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import { askBareQemu } from '../guest/bare-qemu.ts'

/** What QEMU says when it wants to write to a file of this host: `locked` by another, `free`, or why it cannot open it. */
export type FileLock = 'locked' | 'free' | { readonly words: string }

/**
 * Tries to get the lock that a QEMU holds on an image that it writes to, as one that would export the image does, and lets go of
 * it at once. Nothing is written. Locks go with the file over all hosts that share it, as far as its file system has any.
 */
export async function fileLocks(
  host: HostChannel,
  binary: string,
  accelerator: 'kvm' | 'tcg',
  paths: readonly string[],
  id: string,
  call: CallOptions,
): Promise<ReadonlyMap<string, FileLock>> {
  // an abstract socket: no file is made, and nobody connects
  const addr = { type: 'unix', data: { path: `vmferry-${id}`, abstract: true } }
  const tries = paths.flatMap((filename, at) => [
    {
      execute: 'blockdev-add',
      id: `open ${at}`,
      arguments: { driver: 'file', 'node-name': `f${at}`, filename },
    },
    {
      execute: 'block-export-add',
      id: `lock ${at}`,
      arguments: { type: 'nbd', id: `f${at}`, 'node-name': `f${at}`, writable: true },
    },
  ])
  const start = { execute: 'nbd-server-start', arguments: { addr } }
  const answers = await askBareQemu(host, binary, accelerator, [start, ...tries], call)
  const lockOf = (at: number): FileLock => {
    const error = answers.get(`open ${at}`)?.error ?? answers.get(`lock ${at}`)?.error
    if (error) return /"write" lock/.test(error.desc) ? 'locked' : { words: error.desc }
    return answers.has(`lock ${at}`) ? 'free' : { words: `${binary} gave no answer` }
  }
  return new Map(paths.map((path, at) => [path, lockOf(at)]))
}
