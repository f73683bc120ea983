import { readdir, readFile, readlink } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

/** A process, told apart from a later one with the same number by its start. */
export interface ProcessId {
  readonly pid: number
  /** Clock ticks from the boot of the machine to its start: field 22 of /proc/PID/stat. */
  readonly startTime: number
}

/** A process that is no zombie. */
export interface LiveProcess extends ProcessId {
  readonly argv: readonly string[]
}

/** The start time of `pid`, or undefined when there is no such process or only its zombie. */
export async function startTimeOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  // The command's name stands in parentheses and may contain spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state = ''] = fields
  return state === '' || 'ZX'.includes(state) ? undefined : Number(fields[19])
}

/** Tells whether exactly this process still lives. */
export async function isAlive(id: ProcessId): Promise<boolean> {
  return (await startTimeOf(id.pid)) === id.startTime
}

/** The name of a namespace of a process, such as `net:[4026532208]`; undefined when the process is gone. */
export function namespaceOf(pid: number | 'self', kind: 'net' | 'mnt'): Promise<string | undefined> {
  return readlink(`/proc/${pid}/ns/${kind}`).catch(() => undefined)
}

/** The live processes whose network namespace is `namespace`. */
export async function processesIn(namespace: string): Promise<LiveProcess[]> {
  const pids = (await readdir('/proc')).map(Number).filter(Number.isInteger)
  const found = await Promise.all(
    pids.map(async (pid): Promise<LiveProcess[]> => {
      if ((await namespaceOf(pid, 'net')) !== namespace) return []
      const [startTime, cmdline] = await Promise.all([
        startTimeOf(pid),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
      ])
      if (startTime === undefined) return []
      return [{ pid, startTime, argv: cmdline.replace(/\0+$/, '').split('\0') }]
    }),
  )
  return found.flat()
}

/**
 * Ends what `list` finds with SIGKILL, again and again until it finds nothing: a process may fork while it is looked at.
 * Rejects after 10 seconds, naming those that are left.
 */
export async function endAll(list: () => Promise<readonly ProcessId[]>): Promise<void> {
  const deadline = performance.now() + 10_000
  for (;;) {
    const left = await list()
    if (left.length === 0) return
    if (performance.now() > deadline) {
      throw new Error(`processes that cannot be ended: ${left.map(({ pid }) => pid).join(', ')}`)
    }
    for (const id of left) if (await isAlive(id)) signalQuietly(id.pid)
    await sleep(5)
  }
}

function signalQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself in between.
  }
}
