import { type EffectOptions, type HostChannel, vmError } from '@vmferry/core/driver'
import type { Fence } from '../fence/fence.ts'
import { drop, end, type Step } from '../fence/step.ts'
import { logTail } from '../guest/process.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import { type SshDestination, sshArguments } from './ssh.ts'

/**
 * Becomes an ssh whose standard input never ends. $1: a name for the moment. Its remote command reads from it until the
 * connection ends. That command is there for its side effect: without one (`-N`) the sshd of the target leaves Nagle's
 * algorithm on, and QEMU's last words on the return path wait 40 ms for an acknowledgement, while the guest stands still
 * (measured with OpenSSH 9.2: 51 ms of silence, 11 ms with a command).
 */
const STAY = 'mkfifo -m 600 "$1" && exec <>"$1" && rm "$1" && shift && exec "$@"'

/** Starts the ssh that carries a UNIX socket of the source to one of the target. It outlives the controller; its record comes first. */
export async function startTunnel(
  host: HostChannel,
  fence: Fence,
  folder: GuestFolder,
  to: SshDestination,
  remoteSocket: string,
  call: EffectOptions,
): Promise<void> {
  const forward = ['-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindUnlink=yes']
  const ssh = sshArguments(to, [...forward, '-L', `${folder.tunnelSocket}:${remoteSocket}`])
  const argv = ['sh', '-c', STAY, 'sh', folder.tunnelInput, ...ssh, 'exec cat']
  try {
    await host.detach(fence.launch(folder.tunnelProcess, argv, call), {
      ...call,
      log: folder.tunnelLog,
      until: folder.tunnelSocket,
      timeout: 20_000,
    })
  } catch (error) {
    // was it the fence that kept it out?
    await fence.act([], call)
    const words = await logTail(host, folder.tunnelLog)
    throw vmError('VM_PHASE_FAILED', `ssh from ${host.name} to ${to.host} could not be set up`, {
      host: host.name,
      causes: [{ host: host.name, words }],
      cause: error,
    })
  }
}

/** Ends the tunnel, if one was ever started, and removes its files. */
export const END_TUNNEL: readonly Step<null>[] = [
  end('tunnel', 2),
  drop('tunnel.in'),
  drop('tunnel.sock'),
  drop('tunnel'),
  drop('tunnel.log'),
]
