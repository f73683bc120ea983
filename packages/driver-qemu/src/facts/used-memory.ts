import type { CallOptions, HostChannel, ProcessId } from '@vmferry/core/driver'

/** What stands in `/proc/PID/status` of memory that a process has: read from files, swapped out, in huge pages. */
const PARTS = ['VmRSS', 'VmSwap', 'HugetlbPages']

/** Most bytes of a guest's memory that can be other than zero: what its QEMU has in all. Null if that cannot be told. */
export async function usedMemory(
  host: HostChannel,
  process: ProcessId | null,
  call: CallOptions,
): Promise<number | null> {
  if (!process) return null
  const { code, stdout } = await host.exec(['cat', `/proc/${process.pid}/status`], call)
  return code === 0 ? bytesIn(stdout) : null
}

/** The sum in a `/proc/PID/status`. */
export function bytesIn(status: string): number | null {
  const parts = PARTS.map((name) => new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1])
  if (parts[0] === undefined) return null
  return parts.reduce((sum, kibibytes = '0') => sum + Number(kibibytes) * 1024, 0)
}
