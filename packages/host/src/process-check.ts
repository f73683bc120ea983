import { readFileSync } from 'node:fs'
import type { ProcessId } from '@vmferry/core/driver'
import { vmError } from '@vmferry/core/driver'
import type { Run } from './running-process.ts'
import { runScript, shellFunctions } from './shell-script.ts'
import { systemError } from './system-error.ts'

/** `TERM`, `KILL`, `INT`, or an empty string to look only. */
export type Signal = 'TERM' | 'KILL' | 'INT' | ''

/** Looks at a process, and signals it in the same breath if asked. Whether it was there. */
export type ProcessCheck = (process: ProcessId, signal: Signal, stop: AbortSignal) => Promise<boolean>

const script = `${shellFunctions}
booted || exit 1
[ -r /proc/self/stat ] || exit 1
[ "$boot" = "\${1:-$boot}" ] || { echo gone; exit 0; }
look "$2"
[ "$start" = "$3" ] || { echo gone; exit 0; }
if [ -n "$4" ] && ! kill -s "$4" "$2"; then
  look "$2"
  [ "$start" = "$3" ] || { echo gone; exit 0; }
  exit 1
fi
echo alive
`

/** Checks by one script on the host. */
export function checkByScript(run: Run, place: string): ProcessCheck {
  return async (process, signal, stop) => {
    const args = [process.bootId, String(process.pid), process.startTime, signal]
    const output = await runScript(run, script, args, { leavesNobody: true }, stop)
    const verdict = output.stdout.toString().trim()
    // No /proc, no verdict: 'gone' is only ever said on evidence.
    if (verdict !== 'alive' && verdict !== 'gone')
      throw unseen(process, place, output.stderr.toString().trim())
    return verdict === 'alive'
  }
}

/** Checks this machine's own /proc, without a process in between. */
export const checkHere: ProcessCheck = async (target, signal) => {
  try {
    if (readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() !== target.bootId) return false
    if (startTimeOf(target.pid) !== target.startTime) return false
    if (signal !== '') process.kill(target.pid, `SIG${signal}`)
    return true
  } catch (error) {
    if (systemError(error).code === 'ESRCH') return false
    throw unseen(target, 'localhost', systemError(error).message)
  }
}

/** Field 22 of /proc/PID/stat; null if there is no such process, or only its zombie. */
export function startTimeOf(pid: number): string | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch (error) {
    const { code } = systemError(error)
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}

/** A program chooses its own name, with spaces and brackets if it likes: only what follows the last `)` is fields. */
export function parseStat(stat: string): string | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = ''] = fields
  return /^[ZXx]$/.test(state) ? null : (fields[19] ?? null)
}

function unseen(process: ProcessId, place: string, words: string): Error {
  return vmError(
    'VM_PHASE_FAILED',
    `process ${process.pid} on ${place} could not be looked at or signalled`,
    {
      host: place,
      remedy: 'use the account that started it, on a Linux host with /proc',
      causes: words === '' ? [] : [{ host: place, words }],
    },
  )
}
