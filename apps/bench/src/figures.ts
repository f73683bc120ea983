/** What a contender says of one move, by name, in milliseconds. */
export type Figures = Readonly<Record<string, number>>

/** What of an event, or of the last line of `--json`, is a figure. */
export interface FerryEvent {
  readonly type: string
  readonly phase?: string
  readonly ms?: number
  readonly report?: FerryReport
}

/** What of the report of a migration is a figure. */
export interface FerryReport {
  readonly setupMs: number | null
  readonly totalMs: number
  readonly downtimeMs: number | null
}

/** The phases of a migration, and its report. */
export function figures(events: readonly FerryEvent[], report: FerryReport | null | undefined): Figures {
  if (!report) throw new Error('the migration has no report')
  const phases = events
    .filter(({ type }) => type === 'phase-end')
    .map(({ phase, ms }) => [`${phase}Ms`, ms ?? Number.NaN] as const)
  const { setupMs, totalMs: callMs, downtimeMs } = report
  return { setupMs: setupMs ?? 0, callMs, downtimeMs: downtimeMs ?? 0, ...Object.fromEntries(phases) }
}
