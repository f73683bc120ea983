import type { Random } from '@vmferry/core'

/** Randomness that a seed replays. */
export interface SeededRandom extends Random {
  /** A whole number from 0 to `count` - 1. */
  below(count: number): number
  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number
  /** True in that share of all cases. */
  chance(share: number): boolean
  pick<T>(list: readonly T[]): T
}

/** `stream` tells apart what is drawn for different purposes, so that one more draw here moves nothing there. */
export function seededRandom(seed: number, stream: number): SeededRandom {
  let a = 0x9e3779b9 ^ Math.imul(stream, 0x85ebca6b)
  let b = seed >>> 0
  let c = Math.floor(seed / 0x1_0000_0000) ^ 0x243f6a88
  let count = 1
  /** The generator sfc32. */
  const next = (): number => {
    const sum = (((a + b) | 0) + count) | 0
    count = (count + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let warm = 0; warm < 12; warm += 1) next()

  const random: SeededRandom = {
    below: (most) => Math.floor((next() / 0x1_0000_0000) * most),
    between: (least, most) => least + random.below(most - least + 1),
    chance: (share) => next() < share * 0x1_0000_0000,
    pick: (list) => list[random.below(list.length)] as (typeof list)[number],
    bytes: (length) => Uint8Array.from({ length }, () => next() >>> 24),
  }
  return random
}
