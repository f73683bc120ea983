import type { GuestCommand } from './beat-guest.ts'
import { machineArguments } from './beat-guest.ts'
import { linuxImage } from './linux-image.ts'

/** A guest to be started. */
export interface LinuxGuestOptions {
  /** Names the beat's socket, unless `beatPath` does. */
  readonly name: string
  /** At least 128. */
  readonly memoryMiB: number
  /** MiB of random bytes whose sum the guest checks about once a second. Default: 16. */
  readonly fillMiB?: number
  readonly accel?: 'tcg' | 'kvm'
  /** Default: `/run/NAME.beat`. */
  readonly beatPath?: string
  readonly extra?: readonly string[]
}

/** Milliseconds between two beats; the guest's own work comes on top. */
export const linuxPeriodMs = 100

/** The QEMU command line for a guest with a true kernel, which beats in the same format as {@link beatGuest}. */
export async function linuxGuest(options: LinuxGuestOptions): Promise<GuestCommand> {
  const { name, memoryMiB, fillMiB = 16, accel = 'tcg', extra = [] } = options
  const { beatPath = `/run/${name}.beat` } = options
  if (memoryMiB < 128) throw new Error(`${memoryMiB} MiB hold no Linux guest: give it 128 at least`)
  const { kernel, initrd } = await linuxImage()
  const line = `console=ttyS0 quiet loglevel=0 panic=-1 fill_mib=${fillMiB}`
  const boot = ['-kernel', kernel, '-initrd', initrd, '-append', line]
  return { argv: [...machineArguments(accel, memoryMiB, beatPath), ...boot, ...extra], beatPath }
}
