import {
  abortError,
  type Dial,
  type EffectOptions,
  type Performed,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import type { Fence, MigrationFile } from '@vmferry/fence'
import { cancel } from '../fence/step.ts'
import type { HalfFolder } from '../guest/run-directory.ts'
import { SEND } from '../stream/receive.ts'
import type { Carrier } from '../transport/carriage.ts'
import { startCarrier } from '../transport/carrier.ts'
import type { XenHost } from '../xen-host.ts'
import { progressOf } from './progress.ts'
import { type CopySeen, watchCopy } from './watch.ts'
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
  const { fence, folder } = sender
  let carrier: Carrier | null = null
  const from = clock.monotonic()
  try {
    await startXl(at, sender, call)
    carrier = await startCarrier(at, sender, ticket, dial, call)
    const setupMs = Math.round(clock.monotonic() - from)
    return { ...(await followed(at, sender, carrier, call)), setupMs }
  } catch (error) {
    const told = await xlFailed(host, folder, `the copy from ${host.name} has stopped`, error)
    await fence.act([cancel()], { ...call, signal: AbortSignal.timeout(PATIENCE) })
    if (call.signal.aborted) throw abortError(call.signal, 'the copy')
    throw told
  } finally {
    await carrier?.end()
  }
}

async function startXl(at: XenHost, { fence, folder, file }: Sender, call: EffectOptions): Promise<void> {
  const domid = `${domidOf(file)}`
  try {
    await at.host.detach(fence.launch(folder.sender, ['sh', '-c', SEND, 'sh', folder.path, domid], call), {
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

/** Looks until everything has come. */
async function followed(
  { host }: XenHost,
  { folder, file }: Sender,
  carrier: Carrier,
  call: EffectOptions,
): Promise<Performed> {
  const { memoryBytes } = file.offer
  let stopped = false
  const stop = (): void => {
    if (!stopped) call.onProgress?.({ type: 'stopped' })
    stopped = true
  }
  let performed: Performed = { rounds: 1, bytes: 0 }
  const seen = (copy: CopySeen): boolean => {
    const figures = carrier.figures(copy)
    performed = figures
    if (copy.suspended) stop()
    call.onProgress?.(progressOf(figures, memoryBytes))
    const state = carrier.state(copy)
    if (state === 'arrived') {
      stop()
      return true
    }
    if (copy.sender && state !== 'broken') return false
    throw vmError('VM_PHASE_FAILED', `the copy from ${host.name} has stopped`, { host: host.name })
  }
  await watchCopy(host, folder, { domid: domidOf(file), from: memoryBytes }, seen, call)
  return performed
}

/** The source's number of the domain. */
function domidOf({ offer }: MigrationFile): number {
  return Number(offer.cookie?.['domid'])
}
