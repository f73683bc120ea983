import { openSync, readdirSync, readFileSync } from 'node:fs'

const closeOnExec = 0o2_000_000

/**
 * What our children would get beside their three streams: files that our own parent left open for us without
 * close-on-exec (a pipeline, a CI system). A detached process that kept such a pipe open would keep its reader waiting
 * for ever. Node cannot close them in a child, but it can put /dev/null in their place.
 *
 * @returns the entries of `stdio` from number 3 on
 */
export function nothingInherited(): readonly (number | 'ignore')[] {
  return (entries ??= shadow(inheritedFds()))
}

let entries: readonly (number | 'ignore')[] | undefined

function shadow(fds: readonly number[]): readonly (number | 'ignore')[] {
  const last = Math.max(2, ...fds)
  if (last === 2) return []
  const nothing = openSync('/dev/null', 'r')
  return Array.from({ length: last - 2 }, (_, index) => (fds.includes(index + 3) ? nothing : 'ignore'))
}

function inheritedFds(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => fd > 2 && isInherited(fd))
}

function isInherited(fd: number): boolean {
  try {
    const [, flags = '0'] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? []
    return (Number.parseInt(flags, 8) & closeOnExec) === 0
  } catch {
    // The listing itself was one of them.
    return false
  }
}
