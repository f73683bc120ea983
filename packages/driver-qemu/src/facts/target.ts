import {
  type CallOptions,
  type Finding,
  type MigrationRequest,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import { deviceModels, optionsNamed } from '../guest/command-line.ts'
import { type Definition, definitionFromJson } from '../guest/definition.ts'
import { type Guest, lookAt } from '../guest/list.ts'
import { optionValue, parseOptionList } from '../guest/option-list.ts'
import { NO_UUID } from '../guest/taken.ts'
import type { QemuHost } from '../qemu-host.ts'
import { lacksStorage, storageFindings } from '../storage/findings.ts'
import { fileFindings } from './file-findings.ts'
import { blocker, warning } from './finding.ts'
import { clockFindings, type HostFacts, hostFacts } from './host.ts'
import { type TargetHypervisor, targetHypervisor } from './hypervisor.ts'
import { networkFindings, socketFindings } from './network.ts'
import { postCopyHostFindings } from './post-copy.ts'
import { processorFindings, processorFromJson } from './processor.ts'

/** What the target's host and its QEMU say of an offer. */
export interface TargetFacts {
  readonly findings: readonly Finding[]
  /** The epoch that is held of the domain under the name that it would have. */
  readonly epoch: number
}

/** Holds the offer against this host: everything that stands in the way, at once. */
export async function targetFacts(
  at: QemuHost,
  offer: Offer,
  request: MigrationRequest,
  call: CallOptions,
): Promise<TargetFacts> {
  const { host, runDirectory } = at
  const definition = definitionFromJson(offer.definition, 'the offer')
  const guest = processorFromJson(offer.cookie?.['processor'])
  const accelerator = guest?.accelerator ?? 'tcg'
  const [{ guests, epochOf }, facts, hypervisor, files, networks, storage, postCopy] = await Promise.all([
    lookAt(host, runDirectory, call),
    hostFacts(at, call),
    targetHypervisor(at, definition.argv[0] ?? '', accelerator, deviceModels(definition.argv), call),
    fileFindings(at, offer, definition, request, call),
    networkFindings(host, definition.argv, call),
    storageFindings(host, offer, call),
    postCopyHostFindings(host, request, call),
  ])
  const ofQemu = hypervisor.binary
    ? [
        ...qemuFindings(host.name, definition, hypervisor),
        ...(guest ? processorFindings(host.name, guest, hypervisor, facts.processor) : []),
        ...streamFindings(host.name, offer, request, hypervisor),
      ]
    : [binaryMissing(host.name, definition)]
  const findings = [
    ...takenFindings(guests, offer, request, at),
    ...ofQemu,
    ...memoryFindings(host.name, offer, facts),
    ...files,
    ...storage,
    ...networks,
    ...socketFindings(host.name, definition.argv, request),
    ...postCopy,
    ...clockFindings(host, 'target', facts),
  ]
  return { findings, epoch: epochOf(request.rename ?? offer.domain) }
}

function qemuFindings(host: string, { argv }: Definition, found: TargetHypervisor): Finding[] {
  const binary = argv[0] ?? ''
  const machine =
    optionValue(parseOptionList(optionsNamed(argv, 'machine', 'M').at(-1) ?? '', 'type'), 'type') ?? ''
  const findings: Finding[] = []
  if (!found.machines.has(machine))
    findings.push(
      blocker(
        'target',
        'machine-type-missing',
        `${binary} on ${host} has no machine type ${machine}`,
        'install a QEMU there that has it, or start the guest with a machine type that both have',
      ),
    )
  for (const model of new Set(deviceModels(argv))) {
    if (!found.devices.has(model))
      findings.push(
        blocker(
          'target',
          'device-missing',
          `${binary} on ${host} has no device ${model}`,
          'install the QEMU module or version that has it',
        ),
      )
  }
  return findings
}

function memoryFindings(host: string, { memoryBytes }: Offer, { availableBytes }: HostFacts): Finding[] {
  if (availableBytes === null || availableBytes >= memoryBytes) return []
  return [
    blocker(
      'target',
      'not-enough-memory',
      `${host} has ${mib(availableBytes)} MiB of memory available, the guest needs ${mib(memoryBytes)} MiB`,
      'free memory there, or choose another target',
    ),
  ]
}

/** What the two ends of the stream must have in common. */
function streamFindings(
  host: string,
  { cookie }: Offer,
  { autoConverge, connections, copyStorage, postCopy }: MigrationRequest,
  { capabilities, commands, version }: TargetHypervisor,
): Finding[] {
  if (version === null || !capabilities) return []
  const needed = [
    'events',
    'return-path',
    ...(autoConverge ? ['auto-converge'] : []),
    ...(connections > 1 ? ['multifd'] : []),
    ...(copyStorage ? ['late-block-activate'] : []),
    ...(postCopy ? ['postcopy-ram'] : []),
  ]
  const lacking = needed.filter((name) => !capabilities.has(name))
  const source = cookie?.['version']
  return [
    ...(copyStorage && commands ? lacksStorage('target', commands, host) : []),
    ...lacking.map((name) =>
      blocker(
        'target',
        'migration-capability-missing',
        `the QEMU on ${host} has no migration capability ${name}`,
        'install a newer QEMU there',
      ),
    ),
    ...(typeof source === 'string' && isOlder(version, source) ? [olderQemu(host, version, source)] : []),
  ]
}

function olderQemu(host: string, version: string, source: string): Finding {
  return warning(
    'target',
    'qemu-older',
    `the QEMU on ${host}, ${version}, is older than the one that the guest runs on, ${source}`,
    'QEMU promises that a guest can move to a newer release, not to an older one: upgrade the target first',
  )
}

/** By release: what differs in the third number speaks the same stream. */
function isOlder(version: string, than: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [otherMajor = 0, otherMinor = 0] = than.split('.').map(Number)
  return major < otherMajor || (major === otherMajor && minor < otherMinor)
}

/** Guests that have the name or the uuid of the one that is to arrive; the one that is sent is no stranger. */
export function takenFindings(
  guests: readonly Guest[],
  offer: Offer,
  { rename, target }: MigrationRequest,
  { host, runDirectory }: QemuHost,
): Finding[] {
  const { uuid } = definitionFromJson(offer.definition, 'the offer')
  const name = rename ?? offer.domain
  const { folder, hostId } = offer.cookie ?? {}
  const isSource = (guest: Guest): boolean =>
    hostId === target.hostId && folder === `${runDirectory}/${guest.folder.id}`
  const taken = (message: string, code: string): Finding => ({
    ...blocker(
      'target',
      code,
      `${message} on ${host.name}`,
      'choose another name with --rename, or stop that domain',
    ),
    error: 'VM_EXISTS',
  })
  return guests.flatMap((guest) => {
    if (guest.definition.name === name) return [taken(`the name '${name}' is taken`, 'name-taken')]
    if (guest.definition.uuid !== uuid || uuid === NO_UUID || isSource(guest)) return []
    return [taken(`the uuid ${uuid} is taken by '${guest.definition.name}'`, 'uuid-taken')]
  })
}

function binaryMissing(host: string, { argv }: Definition): Finding {
  return blocker(
    'target',
    'hypervisor-missing',
    `${argv[0]} is not installed on ${host}`,
    `install it there (Debian: apt install qemu-system-x86)`,
  )
}

function mib(bytes: number): number {
  return Math.floor(bytes / 1024 ** 2)
}

/** The definition that the guest gets at the target. */
export function arrivingDefinition(offer: Offer, rename: string | null): Definition {
  const definition = definitionFromJson(offer.definition, 'the offer')
  if (definition.argv[0] === undefined) throw vmError('VM_PROTOCOL', 'the offer has no command line')
  return { ...definition, name: rename ?? definition.name }
}
