import { isDeepStrictEqual } from 'node:util'
import { type ChosenRequest, type EffectOptions, unlessAborted, vmError } from '@vmferry/core/driver'
import { drop, end, type Fence, type Step } from '@vmferry/fence'
import { logTail } from '../guest/process.ts'
import { type GuestFolder, guestFolder, isPlainPath } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import { type SshDestination, sshArguments, sshDestination } from './ssh.ts'

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

/** A tunnel that comes up while the target prepares: a handshake of ssh takes longer than that (262 ms, measured with OpenSSH 9.2). */
export interface TunnelAhead {
  readonly ways: readonly Forward[]
  readonly up: Promise<void>
  /** When it was started, by the monotonic clock. */
  readonly from: number
}

/** Milliseconds for which a tunnel waits for its guest: less than the command at its end. */
const FRESH = 15_000

/** What a guest needs to get to where its target listens: for its memory, and for its disks where they are copied. */
export function waysTo(
  { tunnelSocket, disksSocket }: GuestFolder,
  ram: string,
  nbd: string | undefined,
): readonly Forward[] {
  return nbd === undefined
    ? [[tunnelSocket, ram]]
    : [
        [tunnelSocket, ram],
        [disksSocket, nbd],
      ]
}

/** Starts the tunnel to where the target is going to listen; null where its survey has not told that, or another transport was chosen. */
export function tunnelAhead(
  tunnelled: Tunnelled,
  request: ChosenRequest,
  call: EffectOptions,
): TunnelAhead | null {
  const runDirectory = request.cookie?.['runDirectory']
  const to = sshDestination(request)
  if (request.transport !== 'ssh' || !isPlainPath(runDirectory) || !to) return null
  const there = guestFolder(runDirectory, call.migration)
  const disks = request.copyStorage ? there.storageSocket : undefined
  const ways = waysTo(tunnelled.folder, there.migrationSocket, disks)
  const up = startTunnel(tunnelled, to, ways, call)
  up.catch(() => {})
  return { ways, up, from: tunnelled.at.clock.monotonic() }
}

/** Who needs a tunnel. */
interface Tunnelled {
  readonly at: QemuHost
  readonly fence: Fence
  readonly folder: GuestFolder
}

/** The tunnel that was started ahead, if it leads there and has not waited for too long; else one that is started now. */
export async function openTunnel(
  tunnelled: Tunnelled & { readonly ahead?: TunnelAhead | null },
  to: SshDestination,
  ways: readonly Forward[],
  call: EffectOptions,
): Promise<void> {
  const { at, fence, ahead } = tunnelled
  if (ahead) {
    const leads = ways.every((way) => ahead.ways.some((other) => isDeepStrictEqual(way, other)))
    if (leads && at.clock.monotonic() - ahead.from < FRESH) return unlessAborted(ahead.up, call.signal)
    await unlessAborted(Promise.allSettled([ahead.up]), call.signal)
    await fence.act(END_TUNNEL, call)
  }
  await startTunnel(tunnelled, to, ways, call)
}

/** Starts the ssh that carries UNIX sockets of the source to those of the target. It outlives the controller; its record comes first. */
async function startTunnel(
  { at: { host }, fence, folder }: Tunnelled,
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
