import { type CallOptions, type EffectOptions, type Performed, vmError } from '@vmferry/core/driver'
import type { MigrationFile } from '@vmferry/fence'
import { lookAt } from '../guest/list.ts'
import type { Carrier } from '../transport/carriage.ts'
import type { XenHost } from '../xen-host.ts'
import type { Sender } from './copy.ts'
import { progressOf } from './progress.ts'
import { type CopySeen, watchCopy } from './watch.ts'

/** Bytes; no headers are so long. Where more has been written of a guest that is not to be live, it has stopped. */
const HEADERS = 1024 ** 2

/** Looks at a copy until the target has everything, and tells of it. VM_PHASE_FAILED if it has stopped before. */
export async function followed(
  at: XenHost,
  { folder, file }: Sender,
  carrier: Carrier,
  call: EffectOptions,
): Promise<Performed> {
  const { host } = at
  const { live } = file.request
  const { memoryBytes } = file.offer
  const broken = () =>
    vmError('VM_PHASE_FAILED', `the copy from ${host.name} has stopped`, { host: host.name })
  let performed: Performed = { rounds: 1, bytes: 0 }
  let stopped = false
  const seen = (copy: CopySeen): 'arrived' | 'ended' | null => {
    const state = carrier.state(copy)
    const arrived = state === 'arrived'
    performed = carrier.figures(copy)
    if (!stopped && (copy.suspended || arrived || (!live && performed.bytes > HEADERS))) {
      call.onProgress?.({ type: 'stopped' })
      stopped = true
    }
    call.onProgress?.(progressOf(performed, memoryBytes, arrived))
    if (arrived) return state
    if (state === 'broken') throw broken()
    return copy.sender ? null : 'ended'
  }
  const watch = (until: typeof seen) =>
    watchCopy(host, folder, { domid: domidOf(file), from: memoryBytes }, until, call)
  let how = await watch(seen)
  // an xl that saves ends before the target has everything
  if (how === 'ended' && !live && (await isSaved(at, file, call)))
    how = await watch((copy) => (seen(copy) === 'arrived' ? 'arrived' : null))
  if (how === 'ended') throw broken()
  return performed
}

/** Whether the xl that saved a guest has written it all: then it has left it paused. */
async function isSaved(
  { host, runDirectory }: XenHost,
  { offer }: MigrationFile,
  call: CallOptions,
): Promise<boolean> {
  const { domains } = await lookAt(host, runDirectory, call)
  return domains.some(({ uuid, state }) => uuid === offer.uuid && state === 'paused')
}

/** The source's number of the domain. */
export function domidOf({ offer }: MigrationFile): number {
  return Number(offer.cookie?.['domid'])
}
