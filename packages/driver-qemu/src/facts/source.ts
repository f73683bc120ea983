import {
  type CallOptions,
  changedSinceCheck,
  type Finding,
  type JsonObject,
  type MigrationRequest,
  type Offer,
} from '@vmferry/core/driver'
import type { QmpClient } from '@vmferry/qmp'
import { UNFENCED } from '../fence/verbs.ts'
import { openMonitors } from '../guest/command-line.ts'
import type { Definition } from '../guest/definition.ts'
import type { Guest } from '../guest/list.ts'
import { askSpare } from '../guest/process.ts'
import { lacksParallel } from '../migration/capabilities.ts'
import { found } from '../migration/found.ts'
import type { QemuHost } from '../qemu-host.ts'
import { lacksStorage, storageWishes } from '../storage/findings.ts'
import { displayFindings } from './display.ts'
import { driftFindings, present, refuseBlockers } from './drift.ts'
import { statFiles } from './files.ts'
import { blocker, warning } from './finding.ts'
import { clockFindings, type HostFacts, hostFacts } from './host.ts'
import { passedDescriptors } from './network.ts'
import { type Asked, changedIn, offerOf } from './offer.ts'
import { postCopyFindings } from './post-copy.ts'
import { commandsOf, type RunningQemu } from './running.ts'

/** What the source's QEMU says of itself. */
export interface SourceFacts {
  readonly offer: Offer
  readonly findings: readonly Finding[]
}

/** Asks a running guest for all that its offer and the findings rest on. `host`: what its host says meanwhile. */
export function sourceFacts(
  at: QemuHost,
  guest: Guest,
  request: MigrationRequest,
  host: Promise<HostFacts>,
  given: CallOptions,
): Promise<SourceFacts> {
  return asking(
    at,
    guest,
    () => host,
    given,
    async (asked, call) => {
      const { monitor } = asked
      const [qemu, offer, commands, drift, migration] = await Promise.all([
        asked.running,
        offerOf(at, guest, asked, request, call),
        request.copyStorage ? commandsOf(monitor, call.signal) : null,
        drifted(at, guest, monitor, call),
        asked.migration,
      ])
      const blocked = migration['blocked-reasons'] ?? []
      const findings = [
        ...guestFindings(at, guest, request),
        ...clockFindings(at.host, 'source', await host),
        ...streamFindings(at, guest, qemu, monitor, request),
        ...(commands ? storageFindings(at, commands, request) : []),
        ...drift,
        ...blocked.map((words) => blockedFinding(at, guest, words)),
      ]
      return { offer, findings }
    },
  )
}

/**
 * How the QEMU of a guest is set that is still what was offered: it is held, so nobody changes that any more. VM_PHASE_FAILED,
 * with what is different, for one that is not. Nobody may wait for it yet.
 */
export function stillOffered(
  at: QemuHost,
  guest: Guest,
  offer: Offer,
  request: MigrationRequest,
  given: CallOptions,
): Promise<JsonObject> {
  const host = (): Promise<HostFacts> => hostFacts(at, given)
  const compared = asking(at, guest, host, given, async (asked, call) => {
    const { monitor } = asked
    const { signal } = call
    const [now, drift, parameters, capabilities] = await Promise.all([
      offerOf(at, guest, asked, request, call),
      drifted(at, guest, monitor, call),
      monitor.execute('query-migrate-parameters', {}, { signal }),
      monitor.execute('query-migrate-capabilities', {}, { signal }),
    ])
    const { name } = at.host
    refuseBlockers(`'${offer.domain}' on ${name} has changed since it was checked`, name, drift)
    const changed = changedIn(offer, now)
    if (changed.length > 0) throw changedSinceCheck(offer.domain, name, changed)
    return found(parameters, capabilities)
  })
  compared.catch(() => {})
  return compared
}

/** The files are looked at while the monitor is being opened. */
function asking<T>(
  { host, qemus }: QemuHost,
  { definition, folder, process }: Guest,
  ofHost: () => Promise<HostFacts>,
  given: CallOptions,
  ask: (asked: Asked, call: CallOptions) => Promise<T>,
): Promise<T> {
  const files = statFiles(host, definition.argv, given)
  files.catch(() => {})
  return askSpare(host, folder, given, (monitor, call) => {
    const { signal } = call
    const running = qemus.of(process, monitor, ofHost, signal)
    return ask({ monitor, running, files, migration: monitor.execute('query-migrate', {}, { signal }) }, call)
  })
}

/** Whether the guest is still what its definition says. */
async function drifted(
  { host }: QemuHost,
  { definition: { name, argv } }: Guest,
  monitor: QmpClient,
  { signal }: CallOptions,
): Promise<Finding[]> {
  return driftFindings(`'${name}' on ${host.name}`, argv, await present(monitor, signal))
}

/** How the guest was started. */
function guestFindings(
  { host }: QemuHost,
  { definition, fenced }: Guest,
  request: MigrationRequest,
): Finding[] {
  return [
    ...(fenced ? [] : [unfenced(definition.name)]),
    ...openMonitorFindings(definition, host.name),
    ...descriptorFindings(definition, host.name),
    ...displayFindings(definition.name, definition.argv, request),
  ]
}

/** What this QEMU can send. */
function streamFindings(
  { host }: QemuHost,
  { definition }: Guest,
  qemu: RunningQemu,
  { version }: QmpClient,
  request: MigrationRequest,
): Finding[] {
  const misses = request.live && qemu.accelerator === 'tcg' && version.major < 9
  return [
    ...(misses ? [missedWrites(definition.name, host.name)] : []),
    ...(lacksParallel(request, qemu.capabilities) ? [noParallel(host.name)] : []),
    ...postCopyFindings(request, definition, qemu.capabilities, host.name),
  ]
}

function blockedFinding({ host }: QemuHost, { definition }: Guest, words: string): Finding {
  const message = `QEMU on ${host.name} refuses to migrate '${definition.name}'`
  const remedy = 'remove what the words name, then migrate again'
  return { ...blocker('source', 'device-blocks-migration', message, remedy), words }
}

/** What keeps this QEMU from copying disks. */
function storageFindings(
  { host }: QemuHost,
  commands: ReadonlySet<string>,
  request: MigrationRequest,
): Finding[] {
  return [...storageWishes(request), ...lacksStorage('source', commands, host.name)]
}

function openMonitorFindings({ name, argv }: Definition, host: string): Finding[] {
  return openMonitors(argv).map((address) =>
    warning(
      'source',
      'open-monitor',
      `the QEMU of '${name}' on ${host} takes commands at ${address} from whoever connects, and will at the target`,
      'a monitor can start programs on its host: use a UNIX socket, as in -qmp unix:/path,server=on,wait=off',
    ),
  )
}

function descriptorFindings({ name, argv }: Definition, host: string): Finding[] {
  return passedDescriptors(argv).map((words) =>
    blocker(
      'source',
      'passed-descriptor',
      `the QEMU of '${name}' on ${host} was given an open file that cannot be had at the target: ${words}`,
      'start the guest with what the descriptor stands for: a bridge, a tap by its name, a path',
    ),
  )
}

/** Measured on QEMU 7.2: 2 of 12 copies in four rounds had an old page. Mended in 9.0 (commit 03bfc2188f, by its words). */
function missedWrites(name: string, host: string): Finding {
  return warning(
    'source',
    'writes-missed',
    `the QEMU of '${name}' on ${host} is older than 9.0 and has no KVM: it can miss what the guest writes while it is copied`,
    'migrate without --live, or start the guest with a newer QEMU',
  )
}

/** It was not started by this vmferry: nothing would keep an old controller out. */
function unfenced(name: string): Finding {
  return {
    ...blocker('source', 'no-fence', `the QEMU of '${name}' has no fence monitor`, UNFENCED),
    error: 'VM_UNSUPPORTED',
  }
}

function noParallel(host: string): Finding {
  return {
    ...blocker(
      'source',
      'no-multifd',
      `QEMU on ${host} knows no parallel connections`,
      'leave --connections out',
    ),
    error: 'VM_UNSUPPORTED',
  }
}
