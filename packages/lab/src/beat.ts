/** One line of a guest, as it arrived. */
export interface Beat {
  /** When, by `performance.now()`. Beats of one chunk share it. */
  readonly at: number
  /** The host it came from. */
  readonly host: string
  /** The guest's count of beats, from 1. */
  readonly tick: number
  /** Chosen by the guest when it booted: another one means that it booted again. */
  readonly cookie: string
  /** False from the first wrong word in its memory on, for good. */
  readonly ok: boolean
  /** The address of that word. */
  readonly badAddress?: number
}

/** What one line says. */
export type BeatLine = Omit<Beat, 'at' | 'host'>

/** Reads `TTTTTTTT CCCC k` or `TTTTTTTT CCCC Baaaaaaaa` (hexadecimal); anything else, such as a torn line, is undefined. */
export function parseBeat(line: string): BeatLine | undefined {
  const match = /^([0-9a-f]{8}) ([0-9a-f]{4}) (?:k|B([0-9a-f]{8}))$/.exec(line.trimEnd())
  if (match === null) return undefined
  const [, tick = '', cookie = '', bad] = match
  const beat = { tick: Number.parseInt(tick, 16), cookie, ok: bad === undefined }
  return bad === undefined ? beat : { ...beat, badAddress: Number.parseInt(bad, 16) }
}
