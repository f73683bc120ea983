/** A guest that counts and checks its memory, in the words of {@link parseBeat}, on its console. */
export interface XenGuestOptions {
  readonly name: string
  /** At least 96, the default. */
  readonly memoryMiB?: number
  /** MiB of random bytes whose sum the guest checks each eighth beat. Default: 4. */
  readonly fillMiB?: number
}

/** The configuration of a PVH guest as `xl create` reads it; each host has the files it names. */
export function xenGuest(options: XenGuestOptions): string {
  const { name, memoryMiB = 96, fillMiB = 4 } = options
  if (memoryMiB < 96) throw new Error(`${memoryMiB} MiB hold no Linux guest: give it 96 at least`)
  return [
    `name = "${name}"`,
    // Debian's Xen has no shadow page tables: a guest of type pv cannot be moved while it runs
    'type = "pvh"',
    'kernel = "/lab/linux"',
    'ramdisk = "/lab/initrd"',
    `extra = "console=hvc0 quiet loglevel=0 panic=-1 fill_mib=${fillMiB}"`,
    `memory = ${memoryMiB}`,
    'vcpus = 1',
    '',
  ].join('\n')
}

/** Where a host writes down what a guest says: under the name that it has while it arrives, if it came from another host. */
export const consoleLogs = (name: string): string[] =>
  ['', '--incoming'].map((end) => `/var/log/xen/console/guest-${name}${end}.log`)
