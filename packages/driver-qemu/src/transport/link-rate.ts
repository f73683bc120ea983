import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import { type SshDestination, sshArguments } from './ssh.ts'

/** Most bytes that are pushed. */
const PUSH = 64 * 1024 ** 2

/**
 * What counts at the target, where nothing is kept: half a second from the first byte on, as what an ssh takes to begin is no
 * rate. It tells bytes and seconds when it is interrupted, and ends by itself where the link is down.
 */
const COUNT =
  "exec env LC_ALL=C timeout 10 sh -c 'dd bs=1 count=1 of=/dev/null 2>/dev/null; exec timeout -s INT 0.5 dd of=/dev/null bs=65536'"

/** Pushes zeros into the ssh. $1: bytes. The ssh ends with what counts, and by itself where the link is down. */
const PUSHER = 'n=$1; shift; head -c "$n" /dev/zero 2>/dev/null | exec timeout -k 1 10 "$@"'

/** Bytes per second that the source's ssh carries to the target, as they arrive there. A string says why there is no figure. */
export async function sshRate(
  host: HostChannel,
  to: SshDestination,
  call: CallOptions,
): Promise<number | string> {
  const argv = ['sh', '-c', PUSHER, 'sh', `${PUSH}`, ...sshArguments(to, []), COUNT]
  const { stderr } = await host.exec(argv, call)
  return rateIn(stderr) ?? `what ssh carries from ${host.name} to ${to.host} could not be measured`
}

/** The rate in the last words of dd. */
export function rateIn(words: string): number | null {
  const [, bytes, seconds] = /^(\d+) bytes .*copied, ([\d.e+-]+) s\b/m.exec(words) ?? []
  const rate = Math.round(Number(bytes) / Number(seconds))
  return Number.isFinite(rate) && rate > 0 ? rate : null
}
