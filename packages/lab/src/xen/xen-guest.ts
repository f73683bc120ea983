import { assembled } from '../assembled.ts'

/** Linux that counts and checks its memory, in the words of {@link parseBeat}, on its console. */
export interface XenGuestOptions {
  readonly name: string
  /** At least 96, the default. */
  readonly memoryMiB?: number
  /** MiB of random bytes whose sum the guest checks each eighth beat. Default: 4. */
  readonly fillMiB?: number
}

/**
 * What an emulated guest's kernel need not do. clearcpuid=4, no time stamp counter: it would compare one with a timer that PVH has
 * not, 10 s of reading from it; Xen's own clock is used all the same. With lpj no loop is timed either.
 */
const KERNEL_WORDS =
  'console=hvc0 quiet loglevel=0 panic=-1 mitigations=off clearcpuid=4 lpj=8000000 cryptomgr.notests'

/** The configuration of a PVH guest as `xl create` reads it; each host has the files it names. */
export function xenGuest(options: XenGuestOptions): string {
  const { name, memoryMiB = 96, fillMiB = 4 } = options
  if (memoryMiB < 96) throw new Error(`${memoryMiB} MiB hold no Linux guest: give it 96 at least`)
  return pvh(name, memoryMiB, [
    'kernel = "/lab/linux"',
    'ramdisk = "/lab/initrd"',
    `extra = "${KERNEL_WORDS} fill_mib=${fillMiB}"`,
  ])
}

/** The least of Xen's guests, `guests/xen/beat.S`: it boots at once, and as much is copied as it has memory. */
export interface XenBeatOptions {
  readonly name: string
  /** At least 8. Default: 16. */
  readonly memoryMiB?: number
}

/** MiB of its memory that it fills and checks, and pages that it writes at each beat. */
const BEAT_MEMORY = { FILL_MIB: 4, RING: 64 }

/** The configuration of a guest that has no operating system: it beats, checks its memory and suspends when it is asked to. */
export function xenBeat({ name, memoryMiB = 16 }: XenBeatOptions): string {
  if (memoryMiB < 8) throw new Error(`${memoryMiB} MiB are too few: give it 8 at least`)
  return pvh(name, memoryMiB, ['kernel = "/lab/beat"'])
}

/** Assembles it, and resolves to the path of its kernel, kept in the cache. */
export function buildXenBeat(): Promise<string> {
  const link = ['-Ttext-segment=0x100000', '-z', 'max-page-size=4096', '--build-id=none']
  const guest = { source: 'xen/beat.S', symbols: BEAT_MEMORY, link }
  return assembled(guest, ['xen-beat', ''], async (elf) => elf)
}

/** Debian's Xen has no shadow page tables: a guest of type pv cannot be moved while it runs. */
function pvh(name: string, memoryMiB: number, boots: readonly string[]): string {
  return [`name = "${name}"`, 'type = "pvh"', ...boots, `memory = ${memoryMiB}`, 'vcpus = 1', ''].join('\n')
}

/** Where a host writes down what a guest says: under the name that it has while it arrives, if it came from another host. */
export const consoleLogs = (name: string): string[] =>
  ['', '--incoming'].map((end) => `/var/log/xen/console/guest-${name}${end}.log`)
