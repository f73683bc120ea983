import type { Cell } from './cell.ts'
import type { Played } from './play.ts'
import { FAULTS } from './required-cells.ts'
import { quantile } from './result-file.ts'

/** One migration of a soak. */
export interface Leg {
  readonly cell: Cell | null
  readonly played: Played
  readonly breaches: readonly string[]
  /** The silences of the guest when it changed hosts, in milliseconds. */
  readonly gaps: readonly number[]
}

/** Cells that end with the guest gone, or as it was before: it is started anew. */
export function endsGuest({ outcome, strike }: Cell): boolean {
  return outcome === 'lost' || outcome === 'revived' || strike === 'reset at the source'
}

/** What a soak has shown. */
export function tallied(legs: readonly Leg[]): object {
  const plain = legs.filter(({ cell }) => cell === null)
  const struck = legs.filter(({ cell, played }) => cell !== null && played.struck)
  return {
    migrations: legs.length,
    undisturbed: plain.length,
    struck: struck.length,
    missed: legs.length - plain.length - struck.length,
    faults: counted(struck.map(({ cell }) => FAULTS.get(cell?.row ?? 0) ?? '')),
    phases: counted(struck.map(({ cell }) => cell?.phase ?? '')),
    outcomes: counted(legs.map(({ played }) => lastOutcome(played))),
    guestsEndedByTheFault: legs.filter(({ cell }) => cell?.outcome === 'lost').length,
    revivedByTheUser: legs.filter(({ played }) => played.revived).length,
    breaches: legs.flatMap(({ breaches }, index) => breaches.map((words) => `${index}: ${words}`)),
    downtimeMs: { undisturbed: spread(plain), all: spread(legs) },
    recoveryMs: spreadOf(struck.map(({ played }) => played.recoveryMs)),
  }
}

function lastOutcome({ first, rivals, recovered }: Played): string {
  if (rivals.some(({ outcome }) => outcome === 'migrated')) return 'migrated'
  return (recovered.at(-1) ?? first)?.outcome ?? 'nothing begun'
}

function counted(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}

function spread(legs: readonly Leg[]): object {
  return spreadOf(legs.flatMap(({ gaps }) => gaps))
}

function spreadOf(values: readonly number[]): object {
  const sorted = values.map(Math.round).toSorted((a, b) => a - b)
  return { count: sorted.length, median: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) }
}
