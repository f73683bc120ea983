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
  /** Bytes per second (0: no limit), milliseconds, and whether the guest is to stand still; changed by `tune`. */
  readonly limits: { bandwidth: number; maxDowntime: number; suspended: boolean }
  /** Null while nothing is copied. */
  copying: Copying | null
  /** All is sent and the guest is stopped. */
  sent: boolean
}

/** What the target host has on file about a migration. */
export interface IncomingFile extends MigrationFile {
  readonly role: 'target'
  readonly request: ChosenRequest
  /** The receiving copy; null until it is made. */
  guest: Guest | null
  /** All of the guest has arrived. */
  loaded: boolean
  /** The durable mark that `finish` was asked: this copy may have run. */
  marked: boolean
}

/** The file as other controllers are told of it. */
export function hostRecord(file: OutgoingFile | IncomingFile): HostRecord {
  const { migration, role, domain, request, epoch, phase, offer } = file
  const state = file.role === 'source' ? { sent: file.sent } : { loaded: file.loaded, marked: file.marked }
  const sourceDomain = offer.domain === domain ? {} : { sourceDomain: offer.domain }
  return {
    migration,
    role,
    domain,
    ...sourceDomain,
    request,
    epoch,
    phase,
    details: { uuid: offer.uuid, ...state },
  }
}
