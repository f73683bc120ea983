import type { Ferry } from '@vmferry/core'
import type { Outcome, Pending } from '@vmferry/core'

/** What a recovery says of one migration. */
export interface Recovered {
  readonly migration: string
  readonly outcome: Outcome
  readonly pending: readonly Pending[]
}

/** Core cannot recover yet: what a crashed controller leaves is nobody's fault until it can. */
export const RECOVERS = false

/** Ends what other controllers have left. */
export async function recover(_ferry: Ferry): Promise<readonly Recovered[]> {
  return []
}
