import { abortError, type Dial, type EffectOptions, type Performed, type Ticket } from '@vmferry/core/driver'
import type { Fence, MigrationFile } from '@vmferry/fence'
import { cancel } from '../fence/step.ts'
import type { HalfFolder } from '../guest/run-directory.ts'
import { SEND } from '../stream/receive.ts'
import { SAVE } from '../stream/save.ts'
import type { Carrier } from '../transport/carriage.ts'
import { startCarrier } from '../transport/carrier.ts'
import type { XenHost } from '../xen-host.ts'
import { domidOf, followed } from './follow.ts'
import { xlFailed } from './words.ts'

/** Whose stream it is. */
export interface Sender {
  readonly fence: Fence
  readonly folder: HalfFolder
  readonly file: MigrationFile
}

/** Milliseconds in which xl must have started its transport. */
const START_LIMIT = 25_000

/** Milliseconds in which a cancelled copy must have ended: core waits for 15 s. */
const PATIENCE = 25_000

/**
 * Copies the guest: starts xl at the source and what carries its stream, and resolves when the target's xl has everything. That
 * word stays with the target: the source's xl hears of it at the hand-over. Whatever goes wrong stops the copying; then the
 * source's xl lets the guest run on.
 */
export async function copyGuest(
  at: XenHost,
  sender: Sender,
  ticket: Ticket,
  dial: Dial,
  call: EffectOptions,
): Promise<Performed> {
  const { host, clock } = at
  const { fence, folder, file } = sender
  let carrier: Carrier | null = null
  const from = clock.monotonic()
  try {
    await startXl(at, sender, call)
    carrier = await startCarrier(at, sender, ticket, dial, call)
    const setupMs = Math.round(clock.monotonic() - from)
    return { ...(await followed(at, sender, carrier, call)), setupMs }
  } catch (error) {
    const told = await xlFailed(host, folder, `the copy from ${host.name} has stopped`, error)
    await fence.act([cancel(file.offer.uuid ?? '')], { ...call, signal: AbortSignal.timeout(PATIENCE) })
    if (call.signal.aborted) throw abortError(call.signal, 'the copy')
    throw told
  } finally {
    await carrier?.end()
  }
}

async function startXl(at: XenHost, { fence, folder, file }: Sender, call: EffectOptions): Promise<void> {
  const domid = `${domidOf(file)}`
  const script = file.request.live ? SEND : SAVE
  try {
    await at.host.detach(fence.launch(folder.sender, ['sh', '-c', script, 'sh', folder.path, domid], call), {
      ...call,
      log: folder.xlLog,
      until: folder.holder,
      timeout: START_LIMIT,
    })
  } catch (error) {
    // was it the fence that kept it out?
    await fence.act([], call)
    throw error
  }
}
