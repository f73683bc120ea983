import { type CallOptions, type DriverDomain, type HostChannel, isVmError } from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { optionsNamed } from './command-line.ts'
import type { Guest } from './guest-list.ts'
import { openMonitor } from './guest-process.ts'
import { optionValue, parseOptionList } from './option-list.ts'

/** The guest as core sees it: asked over the monitor for questions, so that a migration is not disturbed. */
export async function domainOf(host: HostChannel, guest: Guest, call: CallOptions): Promise<DriverDomain> {
  const { name, uuid, argv } = guest.definition
  const domain = { name, uuid, memoryBytes: memoryOf(argv) }
  if (!guest.alive) return { ...domain, state: 'failed' }
  if (guest.incoming && !guest.mayHaveRun) return { ...domain, state: 'incoming' }
  try {
    const monitor = await openMonitor(host, guest.folder.spareMonitor, call)
    try {
      return { ...domain, state: await stateOf(monitor, call) }
    } finally {
      await monitor.close()
    }
  } catch (error) {
    if (isVmError(error, 'VM_CONNECTION')) return { ...domain, state: 'failed' }
    throw error
  }
}

/** QEMU's run state in the contract's words. `postmigrate` and `finish-migrate`: a migration holds it stopped. */
export async function stateOf(monitor: QmpClient, { signal }: CallOptions): Promise<DriverDomain['state']> {
  const { status, running } = await monitor.execute('query-status', {}, { signal })
  if (running) return 'running'
  return status === 'postmigrate' || status === 'finish-migrate' ? 'stopped' : 'paused'
}

/** The memory that `-m` asks for, in bytes; QEMU's default of 128 MiB without it, null if it cannot be read. */
export function memoryOf(argv: readonly string[]): number | null {
  const given = optionsNamed(argv, 'm').at(-1)
  if (given === undefined) return 128 * 1024 ** 2
  const size = optionValue(parseOptionList(given, 'size'), 'size') ?? ''
  const match = /^(\d+(?:\.\d+)?)([bkmgt]?)$/i.exec(size)
  if (!match) return null
  const power = ['b', 'k', 'm', 'g', 't'].indexOf((match[2] || 'm').toLowerCase())
  return Math.round(Number(match[1]) * 1024 ** power)
}
