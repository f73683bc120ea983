import { type CallOptions, type Clock, type HostChannel, vmError } from '@vmferry/core/driver'
import { logTail } from './guest-process.ts'
import { processIn, recorded, untilGone } from './recorded-process.ts'
import type { GuestFolder } from './run-directory.ts'
import { type SshDestination, sshArguments } from './ssh.ts'

/** Starts the ssh that carries a UNIX socket of the source to one of the target. It outlives the controller; its record comes first. */
export async function startTunnel(
  host: HostChannel,
  folder: GuestFolder,
  to: SshDestination,
  remoteSocket: string,
  call: CallOptions,
): Promise<void> {
  const forward = ['-N', '-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindUnlink=yes']
  const argv = sshArguments(to, [...forward, '-L', `${folder.tunnelSocket}:${remoteSocket}`])
  try {
    await host.detach(recorded(folder.tunnelProcess, argv), {
      ...call,
      log: folder.tunnelLog,
      until: folder.tunnelSocket,
      timeout: 20_000,
    })
  } catch (error) {
    const words = await logTail(host, folder.tunnelLog)
    throw vmError('VM_PHASE_FAILED', `ssh from ${host.name} to ${to.host} could not be set up`, {
      host: host.name,
      causes: [{ host: host.name, words }],
      cause: error,
    })
  }
}

/** Ends the tunnel and proves it gone; its files stay. False if none was ever started. */
export async function stopTunnel(
  host: HostChannel,
  clock: Clock,
  folder: GuestFolder,
  call: CallOptions,
): Promise<boolean> {
  const process = await processIn(host, folder.tunnelProcess, call)
  if (!process) return false
  await host.kill(process, 'TERM', call)
  await untilGone(host, clock, process, 2_000, call)
  return true
}

/** As {@link stopTunnel}, and removes its files. */
export async function endTunnel(
  host: HostChannel,
  clock: Clock,
  folder: GuestFolder,
  call: CallOptions,
): Promise<void> {
  if (!(await stopTunnel(host, clock, folder, call))) return
  await Promise.all(
    [folder.tunnelSocket, folder.tunnelProcess, folder.tunnelLog].map((path) => host.remove(path, call)),
  )
}
