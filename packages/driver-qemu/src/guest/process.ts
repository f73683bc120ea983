import { setMaxListeners } from 'node:events'
import {
  type CallOptions,
  type HostChannel,
  isVmError,
  type ProcessId,
  restated,
  vmError,
} from '@vmferry/core/driver'
import { type QmpClient, qmp } from '@vmferry/qmp'
import { type Definition, launchArguments } from './definition.ts'
import type { GuestFolder } from './run-directory.ts'
import { withoutSecrets } from './secret-words.ts'

/** Lines of a log that are worth telling. */
const TAIL_LINES = 5

/** Makes the FIFOs of the fence, then becomes QEMU. */
const PIPES = 'mkfifo -m 600 "$1.in" "$1.out" && shift && exec "$@"'

/**
 * Starts a guest's QEMU and waits until its monitors are there. The folder and its definition are filed first, and by `filed`
 * the process itself; of one that fails to start on its own no process is left. Rejects with VM_PHASE_FAILED and QEMU's own words.
 */
export async function launchGuest(
  host: HostChannel,
  folder: GuestFolder,
  definition: Definition,
  incoming: boolean,
  filed: (file: string, argv: readonly string[]) => string[],
  call: CallOptions,
): Promise<ProcessId> {
  const argv = launchArguments(definition, folder, incoming)
  const options = { ...call, log: folder.log, until: folder.spareMonitor }
  const withPipes = ['sh', '-c', PIPES, 'sh', folder.fence, ...argv]
  return host.detach(filed(folder.process, withPipes), options).catch((error: unknown) => {
    if (!isVmError(error)) throw error
    throw restated(error, {
      causes: error.causes.map((cause) => ({ ...cause, words: withoutSecrets(cause.words, argv) })),
    })
  })
}

/** The monitor of a QEMU that was just launched. Rejects with VM_PHASE_FAILED and QEMU's own words if it has ended since. */
export async function firstMonitor(
  host: HostChannel,
  folder: GuestFolder,
  { argv }: Definition,
  call: CallOptions,
): Promise<QmpClient> {
  try {
    return await openMonitor(host, folder.monitor, call)
  } catch (error) {
    if (!isVmError(error, 'VM_CONNECTION')) throw error
    throw vmError('VM_PHASE_FAILED', `${argv[0]} on ${host.name} ended before its monitor answered`, {
      host: host.name,
      causes: [{ host: host.name, words: await logTail(host, folder.log, argv) }],
      cause: error,
    })
  }
}

/** Connects to a monitor. VM_BUSY if another client has it, VM_CONNECTION if nobody listens. */
export async function openMonitor(host: HostChannel, path: string, call: CallOptions): Promise<QmpClient> {
  for (let tries = 1; ; tries += 1) {
    const stream = await host.dial(path, call)
    try {
      return await qmp(stream, { signal: call.signal, host: host.name })
    } catch (error) {
      // what was meant for the client before may come first (measured: 2 of 300 rounds on QEMU 7.2)
      if (!isVmError(error, 'VM_PROTOCOL') || tries === 3) throw error
    }
  }
}

/** Asks a guest by its spare monitor, for as long as `ask` takes, with a signal on which many may wait at once. */
export async function askSpare<T>(
  host: HostChannel,
  { spareMonitor }: GuestFolder,
  call: CallOptions,
  ask: (monitor: QmpClient, call: CallOptions) => Promise<T>,
): Promise<T> {
  const monitor = await openMonitor(host, spareMonitor, call)
  const signal = AbortSignal.any([call.signal])
  setMaxListeners(0, signal)
  try {
    return await ask(monitor, { ...call, signal })
  } finally {
    await monitor.close()
  }
}

/** The last lines of a log on the host, without the secrets of the command line that wrote it; empty if it cannot be read. */
export async function logTail(
  host: HostChannel,
  path: string,
  argv: readonly string[] = [],
): Promise<string> {
  try {
    const bytes = await host.readFile(path, { signal: AbortSignal.timeout(5_000) })
    const lines = new TextDecoder().decode(bytes).trim().split('\n')
    return withoutSecrets(lines.slice(-TAIL_LINES).join('\n'), argv)
  } catch {
    return ''
  }
}
