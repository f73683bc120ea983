import { type CallOptions, type DriverDomain, isVmError } from '@vmferry/core/driver'
import type { StatusInfo } from '@vmferry/qmp'
import { tell } from './fence/step.ts'
import { optionsNamed } from './guest/command-line.ts'
import type { Guest } from './guest/list.ts'
import { optionValue, parseOptionList } from './guest/option-list.ts'
import { askSpare } from './guest/process.ts'
import type { QemuHost } from './qemu-host.ts'

/** The guest as core sees it; null if it has moved away since it was listed. */
export async function domainOf(at: QemuHost, guest: Guest, call: CallOptions): Promise<DriverDomain | null> {
  const { name, uuid, argv } = guest.definition
  const domain = { name, uuid, memoryBytes: memoryOf(argv) }
  if (!guest.alive || !guest.process) return { ...domain, state: 'failed' }
  if (guest.bridge && !guest.bridge.alive) return { ...domain, state: 'failed' }
  if (guest.incoming && !guest.mayHaveRun) return { ...domain, state: 'incoming' }
  try {
    return { ...domain, state: runStateOf(await statusOf(at, guest, call)) }
  } catch (error) {
    if (!isVmError(error, 'VM_CONNECTION')) throw error
    // only a host that still answers can say of a guest that it does not
    const { code } = await at.host.exec(['test', '-e', guest.folder.definition], call)
    return code === 0 ? { ...domain, state: 'failed' } : null
  }
}

/** Asked through the fence, whoever holds the other monitors; a QEMU that has no fence is asked over the spare one. */
async function statusOf(at: QemuHost, { definition, folder, fenced }: Guest, call: CallOptions) {
  if (fenced) return (await at.fences.of(definition.name, folder.path).ask([tell('query-status')], call))[0]
  return askSpare(at.host, folder, call, (monitor) =>
    monitor.execute('query-status', {}, { signal: call.signal }),
  )
}

/** QEMU's run state in the contract's words. `postmigrate` and `finish-migrate`: a migration holds it stopped. */
export function runStateOf({ status, running }: StatusInfo): DriverDomain['state'] {
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
