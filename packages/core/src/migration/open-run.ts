import type { DriverDomain, MigrationRequest, Random } from '../driver/index.ts'
import type { ConnectionEnd } from '../ferry/connection-end.ts'
import type { FerryParts } from '../ferry/ferry-parts.ts'
import { type EventLog, eventLog } from './event-log.ts'
import { withDefaultLimits } from './limits.ts'
import { hostName } from './negotiate.ts'
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
export function openRun({ clock, journal }: FerryParts, start: RunStart): Run {
  const { id, log, domain, source, target, request, options, cancelled } = start
  return {
    id,
    domain: domain.name,
    driver: source.uri.driver,
    request,
    source: side(source),
    target: side(target),
    clock,
    limits: withDefaultLimits(options.limits),
    log,
    journal,
    cancelled,
    at: nothingYet(clock.monotonic()),
  }
}

/** The events of a migration that has just been given its id. */
export function openLog({ clock, random }: FerryParts): { readonly id: string; readonly log: EventLog } {
  const id = newMigrationId(random)
  return { id, log: eventLog(id, clock) }
}

function side(end: ConnectionEnd): Side {
  return { host: hostName(end.uri), connection: () => end.current(), reconnect: () => end.renew() }
}

function nothingYet(startedAt: number): Progressed {
  return {
    phase: 'check',
    begun: false,
    prepared: false,
    committing: false,
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
