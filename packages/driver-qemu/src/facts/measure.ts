import {
  type CallOptions,
  type ChosenRequest,
  isVmError,
  type Measurement,
  type Offer,
} from '@vmferry/core/driver'
import type { Guest } from '../guest/list.ts'
import { askSpare } from '../guest/process.ts'
import { downtimeOf } from '../migration/downtime.ts'
import type { QemuHost } from '../qemu-host.ts'
import { disksIn } from '../storage/disks.ts'
import { sshRate } from '../transport/link-rate.ts'
import { sshDestination } from '../transport/ssh.ts'
import { dirtyRate } from './dirty-rate.ts'
import { commandsOf } from './running.ts'
import { usedMemory } from './used-memory.ts'

/** A figure, or why there is none. */
type Figure = number | string

/** Why the ways other than ssh are not measured. */
const UNMEASURED: Readonly<Record<string, string>> = {
  unix: 'what one host carries within itself is not measured',
  relay: 'what the way through this controller carries is not measured',
}

/** Measures a guest and its way, one after the other: a full link would slow the guest down. */
export async function measure(
  at: QemuHost,
  guest: Guest,
  offer: Offer,
  request: ChosenRequest,
  call: CallOptions,
): Promise<Measurement> {
  const { host } = at
  const used = await usedMemory(host, guest.process, call).catch(reasonOf(call))
  const dirty = await dirtyFigure(at, guest, offer, request, call).catch(reasonOf(call))
  const link = await linkFigure(at, request, call).catch(reasonOf(call))
  return {
    dirtyBytesPerSecond: numberIn(dirty),
    dirtyIsAtLeast: typeof dirty === 'number' && dirty > 0,
    linkBytesPerSecond: numberIn(link),
    usedMemoryBytes: numberIn(used),
    diskBytes: disksIn(offer).reduce((sum, { allocated }) => sum + allocated, 0),
    maxDowntime: downtimeOf(request.maxDowntime),
    unknown: [dirty, link, used].filter((figure) => typeof figure === 'string'),
  }
}

/** A guest that does not run writes nothing. */
async function dirtyFigure(
  at: QemuHost,
  guest: Guest,
  offer: Offer,
  { live }: ChosenRequest,
  call: CallOptions,
): Promise<Figure> {
  if (!live || offer.runState !== 'running') return 0
  return askSpare(at.host, guest.folder, call, async (monitor) => {
    const commands = await commandsOf(monitor, call.signal)
    return dirtyRate(monitor, commands, offer.memoryBytes, at.clock, call)
  })
}

async function linkFigure({ host }: QemuHost, request: ChosenRequest, call: CallOptions): Promise<Figure> {
  const to = request.transport === 'ssh' ? sshDestination(request) : null
  if (to) return sshRate(host, to, call)
  const nobody = `what ${request.transport} carries is not measured: nobody listens at the target yet`
  return UNMEASURED[request.transport] ?? nobody
}

/** That one figure is not to be had is no reason to have none, unless nobody waits for them any more. */
function reasonOf({ signal }: CallOptions): (error: unknown) => string {
  return (error) => {
    if (signal.aborted || !isVmError(error)) throw error
    return error.message
  }
}

function numberIn(figure: Figure | null): number | null {
  return typeof figure === 'number' ? figure : null
}
