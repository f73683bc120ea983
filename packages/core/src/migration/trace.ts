import { channel } from 'node:diagnostics_channel'
import type { Phase } from '../driver/index.ts'
import { errorData } from './error-data.ts'
import type { MigrationComplete } from './events.ts'
import type { Run } from './run.ts'

/** Part of the stable interface: docs/guides/tracing.md has each message. Publishing to nobody costs nothing. */
const MIGRATION_START = channel('vmferry:migration:start')
const MIGRATION_END = channel('vmferry:migration:end')
const PHASE_START = channel('vmferry:phase:start')
const PHASE_END = channel('vmferry:phase:end')

export function traceStart({ id, domain, driver, request }: Run): void {
  const { source, target } = request
  MIGRATION_START.publish({ migration: id, domain, driver, source: source.uri.text, target: target.uri.text })
}

export function traceEnd({ id }: Run, { outcome, report, error }: MigrationComplete): void {
  MIGRATION_END.publish({ migration: id, outcome, report, ...(error && { error }) })
}

/** The work of one phase, between its two messages; the second has the error that ended it. */
export async function tracePhase<T>({ id }: Run, phase: Phase, work: () => Promise<T>): Promise<T> {
  PHASE_START.publish({ migration: id, phase })
  try {
    const result = await work()
    PHASE_END.publish({ migration: id, phase })
    return result
  } catch (error) {
    PHASE_END.publish({ migration: id, phase, error: errorData(error) })
    throw error
  }
}
