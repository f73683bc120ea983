import { type ChosenRequest, type Measurement, type Offer, vmError } from '@vmferry/core/driver'
import { guestNamed } from './domain.ts'
import { refuseUnanswered } from './gate.ts'
import type { TestHost } from './test-host.ts'

/** Milliseconds that a guest may be stopped if nobody asks for less: as QEMU has it. */
export const DEFAULT_DOWNTIME = 300

/** Nothing has to be measured: the guest's rate is known exactly, and so is a link of this process. */
export function measure(at: TestHost, { domain }: Offer, request: ChosenRequest): Measurement {
  const { host, wire } = at
  refuseUnanswered(at, { host: host.name })
  const { memory, state } = guestNamed(host, domain)
  if (state === 'failed') throw vmError('VM_NOT_FOUND', `the process of '${domain}' on ${host.name} is gone`)
  const writes = request.live && state === 'running'
  const link = wire.rate(host, request)
  return {
    dirtyBytesPerSecond: writes ? memory.registers.dirtyPerSecond * memory.pageBytes : 0,
    dirtyIsAtLeast: false,
    linkBytesPerSecond: link,
    usedMemoryBytes: null,
    diskBytes: 0,
    maxDowntime: request.maxDowntime ?? DEFAULT_DOWNTIME,
    unknown: link === null ? ['what the link carries is not known'] : [],
  }
}
