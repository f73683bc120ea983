import type { DriverDomain, MigrationRequest, Random } from '../driver/index.ts'
import type { ConnectionEnd } from '../ferry/connection-end.ts'
import type { FerryParts } from '../ferry/ferry-parts.ts'
import { MARKS } from './claim.ts'
import { type EventLog, eventLog } from './event-log.ts'
import { withDefaultLimits } from './limits.ts'
import { hostName } from './negotiate.ts'
import type { OpenMigration } from './open-migration.ts'
import type { MigrateOptions } from './options.ts'
import type { Progressed, Run, Side } from './run.ts'

/** A new migration id: unique for ever, and safe in a file name. */
export function newMigrationId(random: Random): string {
  return `m-${Array.from(random.bytes(8), (byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/** What a migration is started with. */
export interface RunStart {
  readonly id: string
  readonly log: EventLog
  readonly domain: DriverDomain
  readonly source: ConnectionEnd
  readonly target: ConnectionEnd
  readonly request: MigrationRequest
  readonly options: MigrateOptions
  readonly cancelled: AbortSignal
}

/** A run at its beginning: nothing has happened yet. */
export function openRun({ clock, journal, random }: FerryParts, start: RunStart): Run {
  const { id, log, domain, source, target, request, options, cancelled } = start
  return {
    id,
    domain: domain.name,
    driver: source.uri.driver,
    request,
    source: side(source),
    target: side(target),
    clock,
    mark: markOf(random),
    limits: withDefaultLimits(options.limits),
    log,
    journal,
    cancelled,
    takenOver: false,
    at: nothingYet(clock.monotonic()),
  }
}

/** The events of a migration that has just been given its id. */
export function openLog({ clock, random }: FerryParts): { readonly id: string; readonly log: EventLog } {
  const id = newMigrationId(random)
  return { id, log: eventLog(id, clock) }
}

function markOf(random: Random): number {
  const [high = 0, middle = 0, low = 0] = random.bytes(3)
  return (high * 65_536 + middle * 256 + low) % MARKS
}

/** A run that another controller began, or this one before it was started anew. Nothing is claimed yet. */
export function resumedRun(
  { clock, journal, random }: FerryParts,
  { migration, domain, request, prepared, committing, postCopy, journalled }: OpenMigration,
  { source, target }: Readonly<Record<'source' | 'target', Side>>,
  options: Pick<MigrateOptions, 'limits'>,
): Run {
  return {
    id: migration,
    domain,
    driver: request.source.uri.driver,
    request,
    source,
    target,
    clock,
    mark: markOf(random),
    limits: withDefaultLimits(options.limits),
    log: eventLog(migration, clock),
    journal,
    cancelled: new AbortController().signal,
    takenOver: true,
    // what was asked for and not written down may still be on its way
    at: { ...nothingYet(clock.monotonic()), begun: true, prepared, committing, postCopy, journalled },
  }
}

function side(end: ConnectionEnd): Side {
  return { host: hostName(end.uri), connection: () => end.current(), reconnect: () => end.renew() }
}

function nothingYet(startedAt: number): Progressed {
  return {
    phase: 'check',
    epochs: { source: null, target: null },
    held: { source: null, target: null },
    begun: false,
    prepared: false,
    committing: false,
    journalled: true,
    postCopy: false,
    settled: false,
    offer: null,
    transport: null,
    why: null,
    outgoing: null,
    incoming: null,
    performed: null,
    startedAt,
    performingAt: null,
    performedAt: null,
    stoppedAt: null,
    bytes: 0,
    rounds: 0,
    downtimeMs: null,
    pending: [],
  }
}
