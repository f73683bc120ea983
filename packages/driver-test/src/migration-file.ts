import type {
  Capabilities,
  ChosenRequest,
  HostRecord,
  MigrationId,
  MigrationRequest,
  Offer,
  Phase,
  VmError,
} from '@vmferry/core/driver'
import type { Guest } from './guest.ts'

/** Copying that is under way. */
export interface Copying {
  /** That of the connection that copies. */
  readonly fencing: Capabilities['fencing']
  /** Stops it with this error. */
  abort(reason: VmError): void
}

interface MigrationFile {
  readonly migration: MigrationId
  /** The domain's name on this host. */
  readonly domain: string
  readonly offer: Offer
  epoch: number
  phase: Phase
  /** `released`: the domain has gone on to another migration, this one has no say any more. */
  ended: 'confirmed' | 'aborted' | 'released' | null
}

/** What the source host has on file about a migration. */
export interface OutgoingFile extends MigrationFile {
  readonly role: 'source'
  readonly request: MigrationRequest
  readonly guest: Guest
  /** Bytes per second (0: no limit), milliseconds, whether the guest is to stand still or to go over; changed by `tune`. */
  readonly limits: { bandwidth: number; maxDowntime: number; suspended: boolean; postCopy: boolean }
  /** Null while nothing is copied. */
  copying: Copying | null
  /** Post-copy has begun, and this copy never runs again: the pages that are still to be sent. Null: it has not. */
  rest: Set<number> | null
  /** Ends the sending of the rest; null while it rests, as when the link is lost. */
  pushing: AbortController | null
  /** Bytes of the rest that have been sent. */
  pushedBytes: number
  /** All is sent and the guest is stopped. */
  sent: boolean
}

/** What the target host has on file about a migration. */
export interface IncomingFile extends MigrationFile {
  readonly role: 'target'
  readonly request: ChosenRequest
  /** The receiving copy; null until it is made. */
  guest: Guest | null
  /** Post-copy has begun, and this copy can run: the pages that it lacks. Null: it has not. */
  missing: Set<number> | null
  /** All of the guest has arrived. */
  loaded: boolean
  /** The durable mark that `finish` was asked: this copy may have run. */
  marked: boolean
}

/** The last page has come: the copy is whole, and free once it was told to run. */
export function settleArrival(file: IncomingFile): void {
  file.loaded = true
  if (file.guest && file.marked && file.guest.state !== 'incoming') file.guest.heldBy = null
}

/** The file as other controllers are told of it. */
export function hostRecord(file: OutgoingFile | IncomingFile): HostRecord {
  const { migration, role, domain, request, epoch, phase, offer } = file
  const state = file.role === 'source' ? { sent: file.sent } : { loaded: file.loaded, marked: file.marked }
  const incomplete = file.role === 'target' && file.missing !== null && !file.loaded
  const sourceDomain = offer.domain === domain ? {} : { sourceDomain: offer.domain }
  return {
    migration,
    role,
    domain,
    ...sourceDomain,
    request,
    epoch,
    phase,
    ...(incomplete && { incomplete }),
    details: { uuid: offer.uuid, ...state },
  }
}
