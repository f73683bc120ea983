import type { ProcessId } from '@vmferry/core/driver'
import { vmError } from '@vmferry/core/driver'

/** Linux: `sun_path` has 108 bytes, one of them the closing NUL (unix(7)). */
const longestSocketPath = 107

/** Refuses a vector that no host could run, before anything is sent. */
export function checkArgv(argv: readonly string[]): void {
  const [program] = argv
  if (program === undefined || program === '')
    throw vmError('VM_INVALID', 'the argument vector names no program')
  // A shell's `exec` would read it as an option of its own.
  if (program.startsWith('-'))
    throw vmError('VM_INVALID', `the program ${show(program)} begins with a hyphen`)
  const bad = argv.find((word) => word.includes('\0'))
  if (bad !== undefined) throw vmError('VM_INVALID', `the argument ${show(bad)} holds a NUL`)
}

/** Refuses a path that is not absolute or holds a NUL. */
export function checkPath(path: string): void {
  if (path.includes('\0')) throw vmError('VM_INVALID', `the path ${show(path)} holds a NUL`)
  if (!path.startsWith('/')) throw vmError('VM_INVALID', `the path ${show(path)} is not absolute`)
}

/** Refuses a path that no UNIX socket can have. */
export function checkSocketPath(path: string): void {
  checkPath(path)
  const bytes = Buffer.byteLength(path)
  if (bytes > longestSocketPath) {
    throw vmError(
      'VM_INVALID',
      `the socket path ${show(path)} has ${bytes} bytes; Linux allows ${longestSocketPath}`,
    )
  }
}

/** Refuses what must never be removed: the root, and paths that climb. */
export function checkRemovable(path: string): void {
  checkPath(path)
  const parts = path.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.length === 0) throw vmError('VM_INVALID', `removing ${show(path)} would remove the whole host`)
  if (parts.includes('..')) throw vmError('VM_INVALID', `the path ${show(path)} to be removed holds '..'`)
}

/** Refuses a process id that could mean a group, or everything. */
export function checkProcessId(process: ProcessId): void {
  const sound =
    Number.isSafeInteger(process.pid) &&
    process.pid > 0 &&
    /^\d+$/.test(process.startTime) &&
    /^[0-9a-f-]{36}$/.test(process.bootId)
  if (!sound) throw vmError('VM_INVALID', `${JSON.stringify(process)} is not the id of a process`)
}

function show(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text)
}
