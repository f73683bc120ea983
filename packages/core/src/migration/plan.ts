import type { Finding } from '../driver/index.ts'
import type { Forecast } from './forecast.ts'

/** What a migration would do, as JSON data. */
export interface Plan {
  /** Connection URIs. */
  readonly source: string
  readonly target: string
  readonly domain: string
  /** The name it will have at the target. */
  readonly targetDomain: string
  readonly driver: string
  /** Nothing stands in the way. */
  readonly possible: boolean
  /** The way that would be taken; null if a blocker stands before the choice. */
  readonly transport: string | null
  readonly why: string | null
  /** Guest memory in bytes; null if not known. */
  readonly memoryBytes: number | null
  /** How long it would take, from what was measured now; null: a blocker stands before it, or the driver measures nothing. */
  readonly forecast: Forecast | null
  /** Blockers first. */
  readonly findings: readonly Finding[]
}
