import { type Dial, type EffectOptions, type Ticket, vmError } from '@vmferry/core/driver'
import { isPlainPath } from '../guest/run-directory.ts'
import type { Sender } from '../migration/copy.ts'
import { CARRY, PUMP } from '../stream/pump.ts'
import { TAKE } from '../stream/receive.ts'
import type { XenHost } from '../xen-host.ts'
import { type Carrier, namesIn } from './carriage.ts'
import { startRelay } from './relay.ts'
import { sshArguments, sshDestination } from './ssh.ts'
import { tcpCommand } from './tcp.ts'

/** Starts what the ticket names. Its process is on file, and is ended before the source's xl hears another word. */
export async function startCarrier(
  at: XenHost,
  sender: Sender,
  ticket: Ticket,
  dial: Dial,
  call: EffectOptions,
): Promise<Carrier> {
  const { transport, endpoints } = ticket
  const there = endpoints['ram'] ?? ''
  if (!isPlainPath(there)) throw vmError('VM_PROTOCOL', 'the ticket does not name a folder of the target')
  if (transport === 'ssh') return startCommand(at, sender, sshCommand(sender, there), call)
  if (transport === 'tcp') return startCommand(at, sender, await tcpCommand(sender, ticket, call), call)
  if (transport === 'relay') return startRelay(at, sender, await dial('ram'), call)
  throw vmError('VM_PROTOCOL', `the ticket names a transport that Xen does not have: ${transport}`)
}

/** The source's ssh, host to host. The script has no quote of its own, and the folder is a plain path. */
function sshCommand({ file }: Sender, there: string): readonly string[] {
  const to = sshDestination(file.request)
  if (!to) throw vmError('VM_PHASE_FAILED', 'nothing tells where the ssh of the source goes')
  return [...sshArguments(to), `sh -c '${TAKE}' sh ${there}`]
}

/** A command of the source that carries the stream from host to host, whatever becomes of this controller's connection. */
async function startCommand(
  { host }: XenHost,
  { fence, folder, file }: Sender,
  command: readonly string[],
  call: EffectOptions,
): Promise<Carrier> {
  const argv = ['sh', '-c', CARRY, 'sh', PUMP, folder.path, ...namesIn(file), ...command]
  await host.detach(fence.launch(folder.carrier, argv, call), { ...call, log: folder.carrierLog })
  return {
    figures: ({ carried }) => ({ bytes: carried, rounds: 1 }),
    state: ({ arrived, broken }) => (arrived ? 'arrived' : broken ? 'broken' : 'going'),
    end: async () => {},
  }
}
