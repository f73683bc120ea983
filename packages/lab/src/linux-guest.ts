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
  /** A raw image of 1 MiB or more that the guest writes to without a pause, and checks. Default: none. */
  readonly disk?: string
  /** The UNIX socket by which QEMU's guest agent, which then runs in the guest, is reached. Default: none. */
  readonly agentPath?: string
  readonly accel?: 'tcg' | 'kvm'
  /** Default: `/run/NAME.beat`. */
  readonly beatPath?: string
  readonly extra?: readonly string[]
}

/** Milliseconds between two beats; the guest's own work comes on top. */
export const linuxPeriodMs = 100

/** The QEMU command line for a guest with a true kernel, which beats in the same format as {@link beatGuest}. */
export async function linuxGuest(options: LinuxGuestOptions): Promise<GuestCommand> {
  const { name, memoryMiB, fillMiB = 16, disk, agentPath, accel = 'tcg', extra = [] } = options
  const { beatPath = `/run/${name}.beat` } = options
  if (memoryMiB < 128) throw new Error(`${memoryMiB} MiB hold no Linux guest: give it 128 at least`)
  const { kernel, initrd } = await linuxImage(agentPath !== undefined)
  const line = `console=ttyS0 quiet loglevel=0 panic=-1 fill_mib=${fillMiB}`
  const boot = ['-kernel', kernel, '-initrd', initrd, '-append', line]
  const drive = disk === undefined ? [] : ['-drive', `file=${disk},format=raw,if=none,id=data,cache=none`]
  const device = disk === undefined ? [] : ['-device', 'virtio-blk-pci,drive=data,id=vdata']
  const machine = machineArguments(accel, memoryMiB, beatPath)
  const agent = agentPath === undefined ? [] : agentArguments(agentPath)
  return { argv: [...machine, ...boot, ...drive, ...device, ...agent, ...extra], beatPath }
}

function agentArguments(path: string): string[] {
  const port = 'virtserialport,chardev=agent,name=org.qemu.guest_agent.0'
  const chardev = `socket,id=agent,path=${path},server=on,wait=off`
  return ['-device', 'virtio-serial-pci', '-chardev', chardev, '-device', port]
}
