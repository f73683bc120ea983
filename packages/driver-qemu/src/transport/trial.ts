import type { CallOptions, Clock, ExecResult, HostChannel } from '@vmferry/core/driver'
import { type SshDestination, sshArguments } from './ssh.ts'

/** Milliseconds for which a host that was reached counts as one that is reached. */
const FRESH = 60_000

/** Nothing goes through it that a computer of the future could want to read: 285 ms became 160 (measured, OpenSSH 9.2 on two hosts of one machine). */
const QUICK = ['-o', 'KexAlgorithms=^ecdh-sha2-nistp256']

/** Words of OpenSSH about a key exchange that it does not know, may not use, or that the other side has not. */
const NOT_QUICK = /key exchange (?:method|algorithms)|KexAlgorithms|unsupported KEX/i

/** Whether a host's own ssh gets to others. */
export interface Trials {
  /** Tries it, unless it got there within the last minute: a program that empties a host does not ask before each guest. */
  reaches(to: SshDestination, call: CallOptions): Promise<Pick<ExecResult, 'code' | 'stderr'>>
  /** It did not get there when it mattered: it is tried again. */
  forget(to: SshDestination): void
}

export function trials(host: HostChannel, clock: Clock): Trials {
  const reached = new Map<string, number>()
  return {
    async reaches(to, call) {
      const key = JSON.stringify(to)
      const last = reached.get(key)
      if (last !== undefined && clock.monotonic() - last < FRESH) return { code: 0, stderr: '' }
      const result = await tried(host, to, call)
      if (result.code === 0) reached.set(key, clock.monotonic())
      else reached.delete(key)
      return result
    },
    forget: (to) => void reached.delete(JSON.stringify(to)),
  }
}

/** An ssh that is not to use, or does not know, what is quick is asked as it is set. */
async function tried(host: HostChannel, to: SshDestination, call: CallOptions): Promise<ExecResult> {
  const quick = await host.exec([...sshArguments(to, QUICK), 'true'], call)
  const refused = quick.code !== 0 && NOT_QUICK.test(quick.stderr)
  return refused ? host.exec([...sshArguments(to, []), 'true'], call) : quick
}
