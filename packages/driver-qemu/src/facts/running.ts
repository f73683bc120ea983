import { type ProcessId, vmError } from '@vmferry/core/driver'
import type { MigrationCapabilityState, QmpClient } from '@vmferry/qmp'
import type { HostFacts } from './host.ts'
import { type GuestProcessor, guestModel, isHosts } from './processor.ts'

/** What a QEMU that runs is for its whole life, so that it is asked once. */
export interface RunningQemu {
  readonly accelerator: 'kvm' | 'tcg'
  /** As `-machine` takes it. */
  readonly machineType: string
  readonly processor: GuestProcessor
  readonly capabilities: readonly MigrationCapabilityState[]
}

/** The QEMUs that a connection has asked. */
export interface RunningQemus {
  /** Asks the QEMU behind the monitor, unless it is known. `host` tells what its host has. */
  of(
    process: ProcessId | null,
    monitor: QmpClient,
    host: () => Promise<HostFacts>,
    signal: AbortSignal,
  ): Promise<RunningQemu>
}

export function runningQemus(): RunningQemus {
  const known = new Map<string, RunningQemu>()
  return {
    async of(process, monitor, host, signal) {
      const key = JSON.stringify(process)
      const qemu = known.get(key) ?? (await asked(monitor, host, signal))
      known.set(key, qemu)
      return qemu
    },
  }
}

/** Asks all at once: what each takes adds up in QEMU, but not the ways. */
async function asked(
  monitor: QmpClient,
  host: () => Promise<HostFacts>,
  signal: AbortSignal,
): Promise<RunningQemu> {
  const [machineType, kvm, capabilities, model, { processor }] = await Promise.all([
    machineTypeOf(monitor, signal),
    monitor.execute('query-kvm', {}, { signal }),
    monitor.execute('query-migrate-capabilities', {}, { signal }),
    guestModel(monitor, signal),
    host(),
  ])
  const accelerator = kvm.enabled ? 'kvm' : 'tcg'
  return {
    accelerator,
    machineType,
    processor: { accelerator, ...model, ...(isHosts(accelerator, model.type) && { host: processor }) },
    capabilities,
  }
}

/** Names of the QMP commands that a QEMU knows: a long answer, for those who need it. */
export async function commandsOf(monitor: QmpClient, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const commands = await monitor.execute('query-commands', {}, { signal })
  return new Set(commands.map(({ name }) => name))
}

/** The machine type that runs: `pc-i440fx-7.2-machine`, as QOM calls it, is `pc-i440fx-7.2` on the command line. */
export async function machineTypeOf(monitor: QmpClient, signal: AbortSignal): Promise<string> {
  const type = await monitor.execute('qom-get', { path: '/machine', property: 'type' }, { signal })
  if (typeof type === 'string' && type.endsWith('-machine')) return type.slice(0, -'-machine'.length)
  throw vmError('VM_PROTOCOL', `QEMU names its machine type ${JSON.stringify(type)}`)
}
