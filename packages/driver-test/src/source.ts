import {
  changedSinceCheck,
  type Finding,
  type MigrationSource,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import { STREAM } from './capabilities.ts'
import { heldEpoch } from './claim.ts'
import { digestOf } from './digest.ts'
import { guestNamed, refuseHeld } from './domain.ts'
import { visit, visitWithEffect } from './gate.ts'
import type { Guest } from './guest.ts'
import { DEFAULT_DOWNTIME, measure } from './measure.ts'
import { hostRecord, type OutgoingFile } from './migration-file.ts'
import { outgoingOf } from './outgoing.ts'
import { outgoingEnd } from './outgoing-end.ts'
import type { TestHost } from './test-host.ts'
import { refuseDenied } from './wishes.ts'

/** The sending half. */
export function testSource(at: TestHost): MigrationSource {
  const { host, capabilities, wire } = at
  return {
    check: (domain, request, call) =>
      visit(at, { at: 'check', side: 'source', domain }, call, async (_during, heard) => {
        refuseDenied(request, capabilities, host.name)
        const obstacle = await wire.obstacle(host, request, heard)
        const guest = guestNamed(host, domain)
        refuseHeld(guest)
        const offer = offerOf(guest)
        const findings = [...findingsAbout(at, guest), ...(obstacle ? [obstacle] : [])]
        const digest = digestOf([offer, guest.state, findings])
        const transports = wire.transports(capabilities)
        return { offer, findings, digest, transports, epoch: heldEpoch(host, domain) }
      }),
    measure: async (offer, request) => measure(at, offer, request),
    begin: (offer, request, call) =>
      visitWithEffect(at, { at: 'begin', side: 'source', domain: offer.domain }, call, () => {
        refuseDenied(request, capabilities, host.name)
        const guest = guestNamed(host, offer.domain)
        refuseHeld(guest, call.migration)
        const known = host.outgoing.get(call.migration)
        if (known) return outgoingOf(at, known)
        const blocker = findingsAbout(at, guest).find(({ severity }) => severity === 'blocker')
        if (blocker) throw vmError(blocker.error ?? 'VM_PHASE_FAILED', blocker.message, { host: host.name })
        refuseChanged(guest, offer)
        const { migration, epoch } = call
        return outgoingOf(at, takeHold(at, guest, { migration, epoch, request, offer }))
      }),
    recall: (id, call) => {
      const file = host.outgoing.get(id)
      const place = { at: 'recall', side: 'source', domain: file?.domain ?? '' } as const
      return visitWithEffect(at, place, call, () => {
        const known = host.outgoing.get(id)
        if (!known)
          throw vmError('VM_NOT_FOUND', `${host.name} sends no migration ${id}`, { host: host.name })
        return { record: hostRecord(known), ...outgoingEnd(at, known) }
      })
    },
  }
}

/** VM_PHASE_FAILED for a guest that is not any more what it was when it was offered. */
function refuseChanged(guest: Guest, offer: Offer): void {
  if (digestOf(offerOf(guest)) === digestOf(offer)) return
  throw changedSinceCheck(guest.name, guest.host)
}

function offerOf({ name, uuid, state, memory }: Guest): Offer {
  const { pages, pageBytes, registers } = memory
  return {
    domain: name,
    uuid,
    stream: STREAM,
    runState: state === 'paused' ? 'paused' : 'running',
    memoryBytes: pages * pageBytes,
    definition: { pages, pageBytes, dirtyPerSecond: registers.dirtyPerSecond },
  }
}

function findingsAbout({ host, capabilities }: TestHost, guest: Guest): Finding[] {
  const findings: Finding[] = []
  const block = (code: string, message: string, more: Partial<Finding> = {}): void => {
    findings.push({ severity: 'blocker', side: 'source', code, message, ...more })
  }
  if (guest.state === 'failed')
    block('process-gone', `the process of '${guest.name}' on ${host.name} is gone`)
  if (guest.state === 'paused' && !capabilities.pausedGuests) {
    const remedy = 'resume it first'
    block('guest-paused', `'${guest.name}' on ${host.name} is paused`, { error: 'VM_UNSUPPORTED', remedy })
  }
  return findings
}

/** Files the record, then takes hold of the domain; what brought it here before has no say any more. */
function takeHold(
  { host }: TestHost,
  guest: Guest,
  begun: Pick<OutgoingFile, 'migration' | 'epoch' | 'request' | 'offer'>,
): OutgoingFile {
  for (const [id, arrived] of host.incoming) {
    if (arrived.guest !== guest) continue
    arrived.ended = 'released'
    host.incoming.delete(id)
  }
  const file: OutgoingFile = {
    ...begun,
    role: 'source',
    domain: guest.name,
    guest,
    phase: 'begin',
    ended: null,
    limits: {
      bandwidth: begun.request.bandwidth,
      maxDowntime: begun.request.maxDowntime ?? DEFAULT_DOWNTIME,
      suspended: false,
      postCopy: false,
    },
    copying: null,
    rest: null,
    pushing: null,
    pushedBytes: 0,
    sent: false,
  }
  host.outgoing.set(begun.migration, file)
  guest.heldBy = begun.migration
  return file
}
