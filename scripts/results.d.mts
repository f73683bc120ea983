/** What {@link import('./results.mjs')} has for the tests that write results. */
export function digestsOf(paths: readonly string[]): Readonly<Record<string, string | null>>
export function runOnQemu(): Readonly<Record<string, unknown>>
export function writeResult(
  name: string,
  result: Readonly<Record<string, unknown>> & {
    readonly again: string
    readonly proves: Readonly<Record<string, string | null>>
  },
): void
