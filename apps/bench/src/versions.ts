import { execFile } from 'node:child_process'
import { availableParallelism, release } from 'node:os'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

/** What was measured: the commit that is checked out. */
export function commit(): Promise<string> {
  return firstLine('git', '-C', fileURLToPath(new URL('..', import.meta.url)), 'rev-parse', 'HEAD')
}

/** With what it was measured. */
export async function versions(): Promise<Readonly<Record<string, string | number>>> {
  const [qemu, ssh] = await Promise.all([
    firstLine('qemu-system-x86_64', '--version'),
    firstLine('ssh', '-V'),
  ])
  return { node: process.version, qemu, ssh, kernel: release(), processors: availableParallelism() }
}

async function firstLine(file: string, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(file, args)
  return (stdout || stderr).split('\n')[0] ?? ''
}
