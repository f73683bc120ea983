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
  const so: { stopped: boolean; saved: boolean; arrived: boolean; performed: Performed } = {
    stopped: false,
    saved: false,
    arrived: false,
    performed: { rounds: 1, bytes: 0 },
  }
  const stop = (): void => {
    if (!so.stopped) call.onProgress?.({ type: 'stopped' })
    so.stopped = true
  }
  const seen = (copy: CopySeen): boolean => {
    const state = carrier.state(copy)
    so.arrived = state === 'arrived'
    so.performed = carrier.figures(copy)
    if (copy.suspended || so.arrived || (!live && so.performed.bytes > HEADERS)) stop()
    call.onProgress?.(progressOf(so.performed, memoryBytes, so.arrived))
    if (so.arrived) return true
    if (state === 'broken' || (live && !copy.sender)) throw broken()
    // an xl that saves has ended before the target has everything
    return !copy.sender && !so.saved
  }
  const watched = { domid: domidOf(file), from: memoryBytes }
  await watchCopy(host, folder, watched, seen, call)
  if (so.arrived) return so.performed
  so.saved = await isSaved(at, file, call)
  if (!so.saved) throw broken()
  await watchCopy(host, folder, watched, seen, call)
  return so.performed
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
