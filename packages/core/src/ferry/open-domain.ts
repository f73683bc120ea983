import { type DriverDomain, type GuestState, isVmError, restated, vmError } from '../driver/index.ts'
import { startMigration } from '../migration/carry-out.ts'
import { errorData } from '../migration/error-data.ts'
import { withDefaultLimits } from '../migration/limits.ts'
import { makePlan } from '../migration/make-plan.ts'
import { type Migration, refusedMigration } from '../migration/migration.ts'
import { hostName, negotiate } from '../migration/negotiate.ts'
import { openLog, openRun } from '../migration/open-run.ts'
import { NO_FIGURES } from '../migration/outcome.ts'
import type { Connection } from './connection.ts'
import type { ConnectionEnd } from './connection-end.ts'
import type { Domain } from './domain.ts'
import type { FerryParts } from './ferry-parts.ts'

/** Gives a driver's domain the application's face. */
export function openDomain(parts: FerryParts, source: ConnectionEnd, domain: DriverDomain): Domain {
  const endOf = (target: Connection): ConnectionEnd => {
    const end = parts.ends.get(target)
    if (end) return end
    throw vmError('VM_INVALID', 'the target connection is closed or belongs to another ferry', {
      remedy: 'open both connections with one ferry',
    })
  }
  return {
    ...domain,
    connection: source.handle,
    async plan(target, options = {}) {
      const limits = withDefaultLimits(options.limits)
      return makePlan(domain.name, source, endOf(target), options, parts.clock, limits)
    },
    migrate(target, options = {}) {
      const { id, log } = openLog(parts)
      const canceller = new AbortController()
      try {
        const end = endOf(target)
        const request = negotiate(options, source.current(), end.current())
        const cancelled = followed(canceller, options.signal)
        const run = openRun(parts, { id, log, domain, source, target: end, request, options, cancelled })
        const arrived = (): Domain =>
          openDomain(parts, end, { ...domain, name: request.rename ?? domain.name })
        const migration = startMigration(run, arrived, canceller)
        const over = (): void => {
          parts.running.delete(id)
        }
        parts.running.add(id)
        migration.done.then(over, over)
        source.busyWith(migration.done)
        end.busyWith(migration.done)
        // the target's manifest, whichever one the type of the connection says
        return migration as Migration<never>
      } catch (error) {
        return refused(parts, { id, log }, source, domain, error)
      }
    },
  }
}

/** The canceller's signal, which fires with the user's own signal too. */
function followed(canceller: AbortController, signal?: AbortSignal): AbortSignal {
  const follow = (): void => {
    const words = signal?.reason instanceof Error ? signal.reason.message : String(signal?.reason)
    canceller.abort(vmError('VM_ABORTED', `the migration was cancelled: ${words}`, { cause: signal?.reason }))
  }
  if (signal?.aborted) follow()
  signal?.addEventListener('abort', follow, { once: true })
  return canceller.signal
}

/** Refused by negotiation: no host was touched, and the handle tells it like any other failure. */
function refused(
  parts: FerryParts,
  { id, log }: ReturnType<typeof openLog>,
  { uri }: ConnectionEnd,
  { name, state }: DriverDomain,
  error: unknown,
): Migration<never> {
  const source: GuestState = state === 'running' || state === 'paused' ? state : 'stopped'
  const cause = isVmError(error) ? error : vmError('VM_PROTOCOL', String(error), { cause: error })
  const told = restated(cause, {
    phase: cause.phase ?? 'check',
    host: cause.host ?? hostName(uri),
    guest: { source, target: 'none' },
    outcome: 'rolledBack',
    report: NO_FIGURES,
  })
  log.emit({
    type: 'migration-complete',
    outcome: 'rolledBack',
    driver: uri.driver,
    domain: name,
    report: NO_FIGURES,
    error: errorData(told),
  })
  log.end()
  parts.log.debug('migration refused', { migration: id, code: told.code })
  return refusedMigration({ id, log }, told, NO_FIGURES) as Migration<never>
}
