import type { Beat, BeatLine } from './beat.ts'
import { beatPeriodMs } from './beat-image.ts'

/** A guest that went from one host to another. */
export interface HandOver {
  readonly from: string
  readonly to: string
  /** First beat there minus last beat here minus one period: the silence outside, in milliseconds. */
  readonly gapMs: number
  /** Beats in between that were neither heard nor logged. */
  readonly lostTicks: number
}

/** What a recording proves. */
export interface BeatReport {
  readonly count: number
  readonly first: Beat | undefined
  readonly last: Beat | undefined
  /** Ticks between the lowest and the highest that were neither heard nor logged. */
  readonly lost: number
  /** Times the counter fell: an older state ran again, or the guest rebooted. */
  readonly backwards: number
  /** Tells whether the guest found its memory changed. */
  readonly corrupt: boolean
  /** Boot cookies in order of appearance: one, unless the guest rebooted. */
  readonly cookies: readonly string[]
  /** Milliseconds of guest time that ran on two hosts: ticks heard from both, times the period. */
  readonly doubled: number
  readonly handOvers: readonly HandOver[]
  /** Tells whether `host` beat during the last `sinceMs` milliseconds before the report was made. */
  alive(host: string, sinceMs: number): boolean
}

/** How a recording is read. */
export interface BeatReportOptions {
  /** Default: {@link beatPeriodMs}; a guest of `linuxGuest` has `linuxPeriodMs`. */
  readonly periodMs?: number
  /** What QEMU wrote down: beats that nobody heard are not lost. Other boots in it do not count. */
  readonly logged?: readonly BeatLine[]
  /** The moment of the report, by `performance.now()`. Default: now. */
  readonly now?: number
}

/**
 * Sums up a recording. It goes by the guest's own count, not by the order of arrival: two sockets that become readable
 * together are read in any order, and that is neither a fall nor an overlap.
 */
export function beatReport(beats: readonly Beat[], options: BeatReportOptions = {}): BeatReport {
  const { periodMs = beatPeriodMs, now = performance.now(), logged = [] } = options
  const boots = new Map<string, Beat[]>()
  for (const beat of beats) {
    const boot = boots.get(beat.cookie)
    if (boot === undefined) boots.set(beat.cookie, [beat])
    else boot.push(beat)
  }
  const parts = [...boots].map(([cookie, boot]) => {
    const written = new Set(logged.filter((line) => line.cookie === cookie).map(({ tick }) => tick))
    return { ...readBoot(boot, written), written }
  })
  const sum = (count: (part: Boot) => number): number => parts.reduce((total, part) => total + count(part), 0)
  return {
    count: beats.length,
    first: beats[0],
    last: beats.at(-1),
    lost: sum(({ lost }) => lost),
    backwards: sum(({ falls }) => falls) + Math.max(0, boots.size - 1),
    corrupt: beats.some(({ ok }) => !ok),
    cookies: [...boots.keys()],
    doubled: sum(({ twice }) => twice) * periodMs,
    handOvers: parts.flatMap(({ ordered, written }) => handOversOf(ordered, written, periodMs)),
    alive: (host, sinceMs) => beats.some((beat) => beat.host === host && beat.at >= now - sinceMs),
  }
}

interface Boot {
  readonly lost: number
  readonly falls: number
  readonly twice: number
  /** The first beat of each tick, by tick. */
  readonly ordered: readonly Beat[]
}

function readBoot(beats: readonly Beat[], logged: ReadonlySet<number>): Boot {
  const heard = new Map<number, Beat>()
  const repeated = new Set<number>()
  const repeating = new Set<string>()
  let falls = 0
  for (const beat of beats) {
    const earlier = heard.get(beat.tick)
    if (earlier === undefined) {
      heard.set(beat.tick, beat)
      repeating.delete(beat.host)
      continue
    }
    if (earlier.host !== beat.host) repeated.add(beat.tick)
    if (!repeating.has(beat.host)) falls += 1
    repeating.add(beat.host)
  }
  const ordered = [...heard.values()].toSorted((a, b) => a.tick - b.tick)
  const [first = 1, last = 0] = [ordered[0]?.tick, ordered.at(-1)?.tick]
  let lost = 0
  for (let tick = first; tick <= last; tick += 1) if (!heard.has(tick) && !logged.has(tick)) lost += 1
  return { lost, falls, twice: repeated.size, ordered }
}

function handOversOf(ordered: readonly Beat[], logged: ReadonlySet<number>, periodMs: number): HandOver[] {
  return ordered.flatMap((next, index) => {
    const last = ordered[index - 1]
    if (last === undefined || last.host === next.host) return []
    const between = next.tick - last.tick - 1
    const unheard = Array.from({ length: between }, (_, step) => last.tick + 1 + step).filter((tick) =>
      logged.has(tick),
    )
    // a beat that was only written down broke the silence too
    const gapMs = next.at - last.at - periodMs * (1 + unheard.length)
    return [{ from: last.host, to: next.host, gapMs, lostTicks: between - unheard.length }]
  })
}
