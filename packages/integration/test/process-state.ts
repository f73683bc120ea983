import { readFile } from 'node:fs/promises'

/** What /proc says of a process after its name, its state first: `T` stopped, `Z` ended and not yet waited for, `X` gone. */
export async function stateOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '0 (gone) X')
  return stat.slice(stat.lastIndexOf(')') + 2)
}

/** Sends it a signal, unless it has ended by itself: an sshd goes with the one that it serves with. */
export function signalled(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // it has ended
  }
}
