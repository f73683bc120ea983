import { createHash } from 'node:crypto'

/** All that happened in one run, in words: its hash tells two runs apart. */
export interface Trace {
  readonly lines: readonly string[]
  tell(what: string): void
  /** SHA-256 of all lines. */
  hash(): string
}

export function createTrace(now: () => number): Trace {
  const lines: string[] = []
  return {
    lines,
    tell(what) {
      lines.push(`${now()} ${what}`)
    },
    hash: () => createHash('sha256').update(lines.join('\n')).digest('hex'),
  }
}
