import { type EffectOptions, type HostChannel, vmError } from '@vmferry/core/driver'
import type { Fence } from '../fence/fence.ts'
import { drop, end, type Step } from '../fence/step.ts'
import { logTail } from '../guest/process.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import { type SshDestination, sshArguments } from './ssh.ts'

/** A UNIX socket of the source that leads to one of the target. */
export type Forward = readonly [near: string, far: string]

/** Starts the ssh that carries UNIX sockets of the source to those of the target. It outlives the controller; its record comes first. */
export async function startTunnel(
  host: HostChannel,
  fence: Fence,
  folder: GuestFolder,
  to: SshDestination,
  ways: readonly Forward[],
  call: EffectOptions,
): Promise<void> {
  const forward = ['-N', '-o', 'ExitOnForwardFailure=yes', '-o', 'StreamLocalBindUnlink=yes']
  const argv = sshArguments(to, [...forward, ...ways.flatMap(([near, far]) => ['-L', `${near}:${far}`])])
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

/** Ends the tunnel, if one was ever started, and removes its files. */
export const END_TUNNEL: readonly Step<null>[] = [
  end('tunnel', 2),
  drop('tunnel.sock'),
  drop('disks.sock'),
  drop('tunnel'),
  drop('tunnel.log'),
]
