import { type CallOptions, type HostChannel, type HostProcess, vmError } from '@vmferry/core/driver'

/** Waits for a word, then makes the file, durably, and says so: it is all in its being there. */
const STAND_BY = 'read -r go || exit; : >"$1" && sync "$1" "${1%/*}" && echo done'

/**
 * Leaves the mark that a copy may have run. It is made while the guest stands still, so its process is started before:
 * what is left of it in the downtime is one round trip.
 */
export interface Marker {
  leave(call: CallOptions): Promise<void>
  /** Ends the process that stands by, unless it has done its work; the mark, if left, stays. */
  end(): Promise<void>
}

/** A marker whose process stands by from now on. */
export async function standByToMark(host: HostChannel, path: string, call: CallOptions): Promise<Marker> {
  const process = await host.spawn(['sh', '-c', STAND_BY, 'sh', path], call)
  process.exit.catch(() => {})
  let answer: Promise<boolean> | null = null
  let done = false
  return {
    async leave(options) {
      answer ??= signalled(process)
      done = await answer
      if (done) return
      if (options.signal.aborted) throw vmError('VM_TIMEOUT', `${host.name} did not confirm the mark ${path}`)
      // the process is gone, or not to be reached: the slow way
      await host.writeFile(path, '', options)
    },
    async end() {
      if (!done) await process.kill('KILL')
    },
  }
}

/** A marker without a process: for a half that was found again on the host. */
export function lateMarker(host: HostChannel, path: string): Marker {
  return { leave: (call) => host.writeFile(path, '', call), end: async () => {} }
}

/** Gives the word. True as soon as the process says that the mark is there; its end, or the connection's, is a no. */
function signalled({ stdin, stdout }: HostProcess): Promise<boolean> {
  return new Promise((resolve) => {
    let words = ''
    stdout.on('data', (chunk: Buffer) => {
      words += String(chunk)
      if (words.trim() === 'done') resolve(true)
    })
    for (const end of ['end', 'close', 'error']) stdout.once(end, () => resolve(false))
    stdin.on('error', () => {})
    stdin.end('go\n')
  })
}
