import { type EffectOptions, type HostChannel, vmError } from '@vmferry/core/driver'
import { drop, end, type Fence, type Step } from '@vmferry/fence'
import { logTail } from '../guest/process.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import { type SshDestination, sshArguments } from './ssh.ts'

/** A UNIX socket of the source that leads to one of the target. */
export type Forward = readonly [near: string, far: string]

/**
 * What ssh runs at the target, for its side effect. Without a command (`-N`) the sshd there leaves Nagle's algorithm on, and
 * QEMU's last words on the return path wait 40 ms for an acknowledgement while the guest stands still (measured with
 * OpenSSH 9.2: 51 ms of silence, 11 ms with a command). It ends with the connection, and by itself where the link is down;
 * ssh stays for as long as QEMU is connected through it.
 */
const COMMAND = 'exec timeout 30 cat'

/** Becomes a program whose standard input is open and silent. $1: a name for the moment. */
const SILENT_INPUT = 'mkfifo -m 600 "$1" && exec <>"$1" && rm "$1" && shift && exec "$@"'

/** Starts the ssh that carries UNIX sockets of the source to those of the target. It outlives the controller; its record comes first. */
export async function startTunnel(
  host: HostChannel,
  fence: Fence,
  folder: GuestFolder,
  to: SshDestination,
  ways: readonly Forward[],
  call: EffectOptions,
): Promise<void> {
  const forward = ['-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindUnlink=yes']
  const ssh = sshArguments(to, [...forward, ...ways.flatMap(([near, far]) => ['-L', `${near}:${far}`])])
  const argv = ['sh', '-c', SILENT_INPUT, 'sh', folder.tunnelInput, ...ssh, COMMAND]
  try {
    await host.detach(fence.launch(folder.tunnelProcess, argv, call), {
      ...call,
      log: folder.tunnelLog,
      // ssh makes them in this order
      until: ways.at(-1)?.[0] ?? folder.tunnelSocket,
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

/** Ends the tunnel, if one was ever started. */
export const STOP_TUNNEL: Step<null> = end('tunnel', 2)

/** Ends it, and removes its files. */
export const END_TUNNEL: readonly Step<null>[] = [
  STOP_TUNNEL,
  drop('tunnel.in'),
  drop('tunnel.sock'),
  drop('disks.sock'),
  drop('tunnel'),
  drop('tunnel.log'),
]
