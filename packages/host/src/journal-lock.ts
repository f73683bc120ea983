import { readFileSync } from 'node:fs'
import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vmError } from '@vmferry/core/driver'
import { startTimeOf } from './process-check.ts'
import { systemError } from './system-error.ts'

/**
 * Makes this process the only writer of one migration's file, until the function returned is called. Each process has a
 * lock file of its own, whose name tells who it is, and looks for others' after it has made it: of two that come at once
 * each would see the other, and nobody can take a lock away from somebody who lives. A dead process's is removed.
 *
 * Rejects with VM_BUSY.
 */
export async function lockJournal(folder: string, migration: string): Promise<() => Promise<void>> {
  const own = `${migration}.${process.pid}-${startTime(process.pid)}-${bootId()}.lock`
  const path = join(folder, own)
  try {
    await writeFile(path, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if (systemError(error).code === 'EEXIST') throw busy(migration, process.pid, path)
    throw error
  }
  const unlock = (): Promise<void> => rm(path, { force: true })
  try {
    const others = (await readdir(folder)).filter((name) => name !== own && name.startsWith(`${migration}.`))
    for (const name of others) {
      const [, pid = '', start = '', boot = ''] =
        /^\.(\d+)-(\d*)-([0-9a-f]*)\.lock$/.exec(name.slice(migration.length)) ?? []
      if (pid === '') continue
      if (boot === bootId() && isAlive(Number(pid), start)) throw busy(migration, pid, join(folder, name))
      await rm(join(folder, name), { force: true })
    }
    return unlock
  } catch (error) {
    await unlock()
    throw error
  }
}

function busy(migration: string, pid: number | string, path: string): Error {
  return vmError('VM_BUSY', `process ${pid} of this machine is writing the journal of ${migration}`, {
    remedy: `wait until that process has ended; if it is no vmferry, remove ${path}`,
  })
}

/** Without /proc a process has no start time that could be told: then its number must do. */
function startTime(pid: number): string {
  return bootId() === '' ? '' : (startTimeOf(pid) ?? '')
}

function isAlive(pid: number, start: string): boolean {
  if (start !== '') return startTimeOf(pid) === start
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemError(error).code === 'EPERM'
  }
}

/** Two boots may give one number and start time to two processes. Empty where there is no /proc. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim().replaceAll('-', '')
  } catch {
    return ''
  }
}
