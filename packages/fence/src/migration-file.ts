import {
  type HostRecord,
  type JsonObject,
  type MigrationId,
  type MigrationRequest,
  type Offer,
  type Phase,
  vmError,
} from '@vmferry/core/driver'

/** What a host keeps on file about a migration, in the guest's folder. */
export interface MigrationFile {
  readonly migration: MigrationId
  readonly epoch: number
  readonly phase: Phase
  readonly request: MigrationRequest
  readonly offer: Offer
  /** What the driver found on this host, and puts back after a failure. */
  readonly found?: JsonObject
}

export function migrationFileFromJson(value: unknown, where: string): MigrationFile {
  const file = (typeof value === 'object' && value !== null ? value : {}) as Partial<MigrationFile>
  const { migration, epoch, phase, request, offer, found } = file
  if (typeof migration === 'string' && typeof epoch === 'number' && phase && request && offer)
    return { migration, epoch, phase, request, offer, ...(found && { found }) }
  throw vmError('VM_PROTOCOL', `${where} does not hold the record of a migration`)
}

/** The record as other controllers see it. */
export function hostRecord(role: HostRecord['role'], domain: string, file: MigrationFile): HostRecord {
  const { migration, epoch, phase, request, offer } = file
  const sourceDomain = offer.domain === domain ? {} : { sourceDomain: offer.domain }
  return { migration, role, domain, ...sourceDomain, request, epoch, phase }
}
