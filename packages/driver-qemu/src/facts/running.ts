import { type ProcessId, vmError } from '@vmferry/core/driver'
import type { MigrationCapabilityState, QmpClient } from '@vmferry/qmp'
import type { HostFacts } from './host.ts'
import { type GuestProcessor, guestProcessor } from './processor.ts'

/** What a QEMU that runs is for its whole life, so that it is asked once. */
export interface RunningQemu {
  readonly accelerator: 'kvm' | 'tcg'
  /** As `-machine` takes it. */
  readonly machineType: string
  readonly processor: GuestProcessor
  readonly capabilities: readonly MigrationCapabilityState[]
  /** Names of QMP commands. */
  readonly commands: ReadonlySet<string>
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

async function asked(
  monitor: QmpClient,
  host: () => Promise<HostFacts>,
  signal: AbortSignal,
): Promise<RunningQemu> {
  const [type, kvm, capabilities, commands] = await Promise.all([
    machineTypeOf(monitor, signal),
    monitor.execute('query-kvm', {}, { signal }),
    monitor.execute('query-migrate-capabilities', {}, { signal }),
    monitor.execute('query-commands', {}, { signal }),
  ])
  const accelerator = kvm.enabled ? 'kvm' : 'tcg'
  const processor = await guestProcessor(monitor, accelerator, (await host()).processor, signal)
  return {
    accelerator,
    machineType: type,
    processor,
    capabilities,
    commands: new Set(commands.map(({ name }) => name)),
  }
}

/** The machine type that runs: `pc-i440fx-7.2-machine`, as QOM calls it, is `pc-i440fx-7.2` on the command line. */
export async function machineTypeOf(monitor: QmpClient, signal: AbortSignal): Promise<string> {
  const type = await monitor.execute('qom-get', { path: '/machine', property: 'type' }, { signal })
  if (typeof type === 'string' && type.endsWith('-machine')) return type.slice(0, -'-machine'.length)
  throw vmError('VM_PROTOCOL', `QEMU names its machine type ${JSON.stringify(type)}`)
}
