import { type CallOptions, type HostChannel, type HostProcess, vmError } from '@vmferry/core/driver'

/** Waits for a word, then makes the file, durably, and says so. */
const STAND_BY = 'read -r go || exit; : >"$1.new" && sync "$1.new" && mv "$1.new" "$1" && echo done'

/**
 * Leaves the mark that a copy may have run. It is made while the guest stands still, so its process is started before:
 * what is left of it in the downtime is one round trip.
 */
export interface Marker {
  leave(call: CallOptions): Promise<void>
  /** Ends the process that stands by; the mark, if left, stays. */
  end(): Promise<void>
}

/** A marker whose process stands by from now on. */
export async function standByToMark(host: HostChannel, path: string, call: CallOptions): Promise<Marker> {
  const process = await host.spawn(['sh', '-c', STAND_BY, 'sh', path], call)
  let left: Promise<void> | null = null
  return {
    leave(options) {
      left ??= signalled(process, host, path, options)
      return left
    },
    end: () => process.kill('KILL'),
  }
}

/** A marker without a process: for a half that was found again on the host. */
export function lateMarker(host: HostChannel, path: string): Marker {
  return { leave: (call) => host.writeFile(path, '', call), end: async () => {} }
}

/** If the process is gone, or not to be reached, the mark is made the slow way. */
async function signalled(
  process: HostProcess,
  host: HostChannel,
  path: string,
  call: CallOptions,
): Promise<void> {
  process.exit.catch(() => {})
  process.stdin.on('error', () => {})
  process.stdin.end('go\n')
  let words = ''
  try {
    for await (const chunk of process.stdout) words += String(chunk)
  } catch {
    words = ''
  }
  if (words.trim() === 'done') return
  if (call.signal.aborted) throw vmError('VM_TIMEOUT', `${host.name} did not confirm the mark ${path}`)
  await host.writeFile(path, '', call)
}
