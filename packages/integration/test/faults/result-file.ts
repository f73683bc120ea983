import { digestsOf, runOnQemu, writeResult as write } from '../../../../scripts/results.mjs'

/** The code that these results prove, as it is before the run. */
const proves = digestsOf(
  ['core', 'driver-qemu', 'fence', 'host', 'qmp'].map((name) => `packages/${name}/src`),
)

/** Writes docs/results/NAME.json: what was found, of which commit, with which versions; `again` makes it anew. */
export function writeResult(name: string, again: string, figures: object): void {
  write(`${name}.json`, { ...runOnQemu(), ...figures, again, proves })
}

/** The figures of a run over all cells. */
export function proved(
  seen: readonly { readonly cell: string; readonly passed: boolean; readonly recoveryMs: number }[],
  ms: number,
): object {
  const failed = seen.filter(({ passed }) => !passed).map(({ cell }) => cell)
  const recoveries = seen.map(({ recoveryMs }) => Math.round(recoveryMs)).toSorted((a, b) => a - b)
  return {
    seconds: Math.round(ms / 1000),
    cells: new Set(seen.map(({ cell }) => cell)).size,
    variants: seen.length,
    passed: seen.length - failed.length,
    failed,
    recoveryMs: { median: quantile(recoveries, 0.5), most: recoveries.at(-1) ?? null },
  }
}

/** The value below which that part of sorted values lies. */
export function quantile(sorted: readonly number[], part: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null
}
