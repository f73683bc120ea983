import { truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { assembled, assemblers } from './assembled.ts'
import { mustRun } from './command.ts'
import { missingPrograms } from './lab-problem.ts'

/** What the guest does with its memory. */
export interface BeatMemory {
  /** MiB of a pattern that is checked again and again. */
  readonly fillMiB: number
  /** MiB of the ring that is dirtied. */
  readonly ringMiB: number
  /** Pages of 4 KiB dirtied at each of the 250 ticks of a guest second: 1 is 1,024,000 bytes per second. */
  readonly pagesPerTick: number
  /** Bytes between two filled words, a power of two from 4 (default: all words, incompressible) to 4096 (one per page). */
  readonly stepBytes?: number
  /** MiB at the start of the guest's IDE disk (`-device ide-hd,bus=ide.0`) that it writes and checks. Default: 0, it has none. */
  readonly diskMiB?: number
  /** Sectors of 512 bytes written at each of the 250 ticks. Default: 8, which is 1,024,000 bytes per second. */
  readonly sectorsPerTick?: number
}

/** Milliseconds of guest time between two beats. */
export const beatPeriodMs = 4

/** After so many beats each page of the fill has been checked once; each word, after 64 / stepBytes times as many. */
export const beatPassTicks = 500

/** Why the guest cannot be built or run here, as a sentence, or null. */
export function beatProblem(): Promise<string | null> {
  return missingPrograms({ ...assemblers, 'qemu-system-x86_64': 'qemu-system-x86' })
}

/**
 * Assembles the guest and resolves to the path of its disk image (raw, 1 MiB, to be opened read-only), kept in the cache.
 * Rejects when binutils is missing, and for numbers that make no guest.
 */
export async function buildBeat(memory: BeatMemory): Promise<string> {
  const guest = { source: 'beat.S', symbols: symbolsOf(memory), link: ['-Ttext', '0x7c00'] }
  return assembled(guest, ['beat', '.raw'], async (elf, work) => {
    const raw = join(work, 'raw')
    await mustRun(['objcopy', '-O', 'binary', elf, raw])
    // SeaBIOS boots no disk of less than one cylinder, 516,096 bytes.
    await truncate(raw, 2 ** 20)
    return raw
  })
}

function symbolsOf({
  fillMiB,
  ringMiB,
  pagesPerTick,
  stepBytes = 4,
  diskMiB = 0,
  sectorsPerTick = 8,
}: BeatMemory): Readonly<Record<string, number>> {
  whole('fillMiB', fillMiB, 1)
  whole('ringMiB', ringMiB, 1)
  whole('pagesPerTick', pagesPerTick, 0)
  whole('diskMiB', diskMiB, 0)
  whole('sectorsPerTick', sectorsPerTick, 1)
  if (fillMiB + ringMiB > 2048) throw new Error('fillMiB and ringMiB must be 2048 together at most')
  if (!Number.isInteger(Math.log2(stepBytes)) || stepBytes < 4 || stepBytes > 4096) {
    throw new Error(`stepBytes must be a power of two from 4 to 4096, not ${stepBytes}`)
  }
  return {
    FILL_MIB: fillMiB,
    RING_MIB: ringMiB,
    PPT: pagesPerTick,
    STEP: stepBytes,
    PASS: beatPassTicks,
    DISK_MIB: diskMiB,
    SPT: sectorsPerTick,
  }
}

function whole(name: string, value: number, least: number): void {
  if (Number.isInteger(value) && value >= least) return
  throw new Error(`${name} must be a whole number of at least ${least}, not ${value}`)
}
