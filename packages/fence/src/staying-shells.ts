import { type CallOptions, type Clock, type HostChannel, unlessAborted } from '@vmferry/core/driver'
import { claimsFolder } from './claim.ts'
import { stayingScript } from './script.ts'
import { type StayingShell, stayingShell } from './staying-shell.ts'

/** Milliseconds for which one waits for whoever comes next. */
const LONGEST_WAIT = 60_000

/** Milliseconds for which its end is waited for. */
const LONGEST_END = 1_000

/** The shells of one host that do what fences ask, one fence at a time: what comes up for one guest serves the next, too. */
export interface StayingShells {
  /** One that waits, or that comes up while the caller goes on. */
  take(call: CallOptions): StayingShell
  /** For whoever comes next, if that is within a minute. One that is not wanted, or that has failed, is ended, and waited for. */
  give(shell: StayingShell): Promise<void>
  /** Before their connection is closed: none waits any more. A host that does not answer is not waited for. */
  end(): Promise<void>
}

/** Where they are. */
interface ShellPlace {
  readonly host: HostChannel
  readonly clock: Clock
  readonly runDirectory: string
}

/** Those of a driver's connection to a host; all know the verbs of that script. */
export function stayingShells(
  { host, clock, runDirectory }: ShellPlace,
  { script }: { readonly script: string },
): StayingShells {
  // a host has few places for what stays
  let waiting: { readonly shell: StayingShell; readonly forget: () => void } | null = null
  let over = false
  const taken = (): StayingShell | null => {
    const shell = waiting?.shell ?? null
    waiting?.forget()
    waiting = null
    return shell
  }
  return {
    take(call) {
      const shell = taken()
      return shell?.waits()
        ? shell
        : stayingShell(host, stayingScript(claimsFolder(runDirectory), script), call)
    },
    async give(shell) {
      if (over || waiting || !shell.waits()) return shell.end()
      waiting = { shell, forget: clock.schedule(LONGEST_WAIT, () => void taken()?.end()) }
    },
    async end() {
      over = true
      const ended = taken()?.end()
      if (ended) await unlessAborted(ended, AbortSignal.timeout(LONGEST_END)).catch(() => {})
    },
  }
}
