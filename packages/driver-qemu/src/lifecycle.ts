import {
  type CallOptions,
  type DriverDomain,
  type Lifecycle,
  type ProcessId,
  sleep,
  vmError,
} from '@vmferry/core/driver'
import { adoptGuest } from './adoption/adopt.ts'
import { domainOf } from './domain.ts'
import { checkCommandLine, optionsNamed } from './guest/command-line.ts'
import { type Definition, definitionToJson } from './guest/definition.ts'
import { type Guest, guestNamed, listGuests, noGuest, refuseBridgeless, refuseHeld } from './guest/list.ts'
import { firstMonitor, launchGuest, openMonitor } from './guest/process.ts'
import { recorded, untilGone } from './guest/recorded-process.ts'
import { guestFolder } from './guest/run-directory.ts'
import { refuseTaken } from './guest/taken.ts'
import type { QemuHost } from './qemu-host.ts'

/** How long a guest may take to power off when asked. */
const POWER_DOWN_LIMIT = 60_000

export function qemuLifecycle(at: QemuHost): Required<Lifecycle> {
  const { host, runDirectory } = at
  return {
    async start(name, commandLine, call) {
      checkCommandLine(commandLine)
      const given = optionsNamed(commandLine, 'uuid').at(-1)
      if (given !== undefined && !UUID.test(given))
        throw vmError('VM_INVALID', `-uuid ${given} is not a uuid`)
      const definition: Definition = { name, uuid: (given ?? at.newUuid()).toLowerCase(), argv: commandLine }
      const guests = await listGuests(host, runDirectory, call)
      const alive = guests.filter((guest) => guest.alive)
      refuseTaken(alive, definition, host.name)
      const dead = guests.filter((guest) => guest.definition.name === name)
      for (const guest of dead) refuseHeld(guest, at)
      for (const { folder } of dead) await host.remove(folder.path, call)
      return startGuest(at, definition, call)
    },
    adopt: (name, options, call) => adoptGuest(at, name, options, call),
    async stop(name, { force }, call) {
      const guest = guestNamed(await listGuests(host, runDirectory, call), name, host.name)
      const { folder, process, alive } = guest
      if (!force) refuseHeld(guest, at)
      if (!force) refuseBridgeless(guest, at)
      if (alive && process && force) await kill(at, process, call)
      else if (alive && process) await powerDown(at, guest, process, call)
      await host.remove(folder.path, call)
    },
  }
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

async function startGuest(at: QemuHost, definition: Definition, call: CallOptions): Promise<DriverDomain> {
  const { host, runDirectory } = at
  const folder = guestFolder(runDirectory, `d-${at.newId()}`)
  await host.writeFile(folder.definition, JSON.stringify(definitionToJson(definition)), call)
  try {
    const process = await launchGuest(host, folder, definition, false, recorded, call)
    await answering(at, process, { folder, definition }, call)
    const guest = {
      folder,
      definition,
      process,
      alive: true,
      outgoing: null,
      incoming: null,
      mayHaveRun: false,
      fenced: true,
      bridge: null,
    }
    const domain = await domainOf(at, guest, call)
    if (domain) return domain
    throw noGuest([], definition.name, host.name)
  } catch (error) {
    await host.remove(folder.path, { signal: new AbortController().signal }).catch(() => {})
    throw error
  }
}

/** One that gives no answer is ended. */
async function answering(
  { host }: QemuHost,
  process: ProcessId,
  { folder, definition }: Pick<Guest, 'folder' | 'definition'>,
  call: CallOptions,
): Promise<void> {
  try {
    const monitor = await firstMonitor(host, folder, definition, call)
    await monitor.close()
  } catch (error) {
    await host.kill(process, 'KILL', { signal: new AbortController().signal }).catch(() => {})
    throw error
  }
}

async function kill({ host, clock }: QemuHost, process: ProcessId, call: CallOptions): Promise<void> {
  await host.kill(process, 'KILL', call)
  await untilGone(host, clock, process, 0, call)
}

/** Asks the guest to power off and waits until its QEMU has ended. */
async function powerDown(
  at: QemuHost,
  { folder, definition }: Guest,
  process: ProcessId,
  call: CallOptions,
): Promise<void> {
  const { host, clock } = at
  const monitor = await openMonitor(host, folder.spareMonitor, call)
  const patience = new AbortController()
  const late = sleep(clock, POWER_DOWN_LIMIT, patience.signal).then(() => 'late' as const)
  late.catch(() => {})
  try {
    await monitor.execute('system_powerdown', {}, { signal: call.signal })
    if ((await Promise.race([monitor.closed, late])) === 'late')
      throw vmError(
        'VM_TIMEOUT',
        `'${definition.name}' on ${host.name} was asked to power off and still runs`,
        {
          host: host.name,
          remedy: 'stop it with --force',
        },
      )
    await untilGone(host, clock, process, POWER_DOWN_LIMIT, call)
  } finally {
    patience.abort()
    await monitor.close()
  }
}
