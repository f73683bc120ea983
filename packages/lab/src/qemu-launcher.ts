import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { shellWords } from './shell-words.ts'

/** The programs of QEMU that are made to run from where they were unpacked. */
export const qemuPrograms = ['qemu-system-x86_64', 'qemu-img'] as const

const libraries = 'usr/lib/x86_64-linux-gnu'

/** Lets an unpacked QEMU find its own modules and firmware: it looks for a folder of that name beside what runs it, first. */
export async function bundle(root: string): Promise<void> {
  await symlink('../../..', join(root, libraries, 'qemu-bundle'))
}

/** How to run an unpacked program with the libraries that were unpacked with it, and none of this machine's. */
export function unpackedCommand(root: string, program: (typeof qemuPrograms)[number]): string[] {
  const folder = join(root, libraries)
  const loader = [join(folder, 'ld-linux-x86-64.so.2'), '--inhibit-cache', '--library-path', folder]
  return [...loader, '--argv0', program, join(root, 'usr/bin', program)]
}

/** A program that becomes that command: the process number is QEMU's own. */
export function launcher(argv: readonly string[]): string {
  return `#!/bin/sh\nexec ${shellWords(argv)} "$@"\n`
}
