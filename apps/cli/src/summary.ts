import type { MigrationComplete, Report } from '@vmferry/core'
import { bytesText, durationText } from './figure.ts'
import type { Style } from './frame.ts'

/** What a view is told of the migration before its first event. */
export interface Voyage {
  /** The domain's name at the source. */
  readonly domain: string
  /** Connection URIs. */
  readonly source: string
  readonly target: string
}

/** The end of a migration in one line, with the figures that there are. */
export function summary(event: MigrationComplete, voyage: Voyage, style: Style): string {
  const { outcome, report } = event
  const name = event.domain ?? voyage.domain
  const told = {
    migrated: `${style('green', 'migrated')}: ${name} is now on ${voyage.target}`,
    rolledBack: `${style('yellow', 'rolled back')}: ${name} is still on ${voyage.source}`,
    inDoubt: `${style('red', 'in doubt')}: look at both hosts before anything else`,
    lost: `${style('red', 'lost')}: no copy of ${name} is left`,
  }[outcome]
  return [told, ...figures(report)].join(', ')
}

/** What is left behind and what to do about it; one line each. */
export function leftovers({ report }: MigrationComplete, style: Style): string[] {
  return report.pending.map(({ side, what }) => `${style('yellow', 'left')} on the ${side}: ${what}`)
}

function figures({ downtimeMs, totalMs, bytes, rounds }: Report): string[] {
  return [
    ...(downtimeMs === null ? [] : [`downtime ${durationText(downtimeMs)}`]),
    `total ${durationText(totalMs)}`,
    ...(bytes === null ? [] : [`${bytesText(bytes)} sent`]),
    ...(rounds === null ? [] : [rounds === 1 ? '1 round' : `${rounds} rounds`]),
  ]
}
