import {
  type CallOptions,
  type Finding,
  type HostChannel,
  type MigrationRequest,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import { deviceModels, optionsNamed } from './command-line.ts'
import { type Definition, definitionFromJson } from './definition.ts'
import { filesFromJson, statFiles } from './file-facts.ts'
import { type Guest, listGuests } from './guest-list.ts'
import { optionValue, parseOptionList } from './option-list.ts'
import type { QemuHost } from './qemu-host.ts'

/** What the binary can do and what the host has, in one round trip. */
const LOOK = `
q=$(command -v "$1") || exit 0
echo "binary $q"
"$q" -machine help 2>/dev/null | sed -n '2,$s/^\\([^ ]*\\) .*/machine \\1/p'
"$q" -device help 2>/dev/null | sed -n 's/^name "\\([^"]*\\)".*/device \\1/p; s/.*alias "\\([^"]*\\)".*/device \\1/p'
sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/memory \\1/p' /proc/meminfo
exit 0
`

/** Holds the offer against this host: everything that stands in the way, at once. */
export async function targetFindings(
  at: QemuHost,
  offer: Offer,
  request: MigrationRequest,
  call: CallOptions,
): Promise<Finding[]> {
  const { host, runDirectory } = at
  const definition = definitionFromJson(offer.definition, 'the offer')
  const [guests, hypervisor, files] = await Promise.all([
    listGuests(host, runDirectory, call),
    host.exec(['sh', '-c', LOOK, 'sh', definition.argv[0] ?? ''], call),
    fileFindings(host, offer, definition, call),
  ])
  const found = namesIn(hypervisor.stdout)
  return [
    ...takenFindings(guests, offer, request, at),
    ...(found.binary
      ? qemuFindings(host.name, definition, offer, found)
      : [binaryMissing(host.name, definition)]),
    ...files,
  ]
}

interface Found {
  readonly binary: boolean
  readonly machines: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
  readonly availableBytes: number | null
}

function namesIn(stdout: string): Found {
  const lines = stdout.split('\n').map((line) => line.split(' '))
  const all = (kind: string): string[] =>
    lines.filter(([first]) => first === kind).map(([, name = '']) => name)
  const memory = all('memory')[0]
  return {
    binary: all('binary').length > 0,
    machines: new Set(all('machine')),
    devices: new Set(all('device')),
    availableBytes: memory ? Number(memory) * 1024 : null,
  }
}

function qemuFindings(host: string, { argv }: Definition, offer: Offer, found: Found): Finding[] {
  const binary = argv[0] ?? ''
  const machine =
    optionValue(parseOptionList(optionsNamed(argv, 'machine', 'M').at(-1) ?? '', 'type'), 'type') ?? ''
  const findings: Finding[] = []
  if (!found.machines.has(machine))
    findings.push(
      blocker(
        'machine-type-missing',
        `${binary} on ${host} has no machine type ${machine}`,
        'install a QEMU there that has it, or start the guest with a machine type that both have',
      ),
    )
  for (const model of new Set(deviceModels(argv))) {
    if (!found.devices.has(model))
      findings.push(
        blocker(
          'device-missing',
          `${binary} on ${host} has no device ${model}`,
          'install the QEMU module or version that has it',
        ),
      )
  }
  if (found.availableBytes !== null && found.availableBytes < offer.memoryBytes)
    findings.push(
      blocker(
        'not-enough-memory',
        `${host} has ${mib(found.availableBytes)} MiB of memory available, the guest needs ${mib(offer.memoryBytes)} MiB`,
        'free memory there, or choose another target',
      ),
    )
  return findings
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
    ...blocker(code, `${message} on ${host.name}`, 'choose another name with --rename, or stop that domain'),
    error: 'VM_EXISTS',
  })
  return guests.flatMap((guest) => {
    if (guest.definition.name === name) return [taken(`the name '${name}' is taken`, 'name-taken')]
    if (guest.definition.uuid !== uuid || isSource(guest)) return []
    return [taken(`the uuid ${uuid} is taken by '${guest.definition.name}'`, 'uuid-taken')]
  })
}

async function fileFindings(
  host: HostChannel,
  offer: Offer,
  { argv }: Definition,
  call: CallOptions,
): Promise<Finding[]> {
  const there = new Map(filesFromJson(offer.cookie?.['files']).map((file) => [file.path, file]))
  const here = await statFiles(host, argv, call)
  return here.flatMap(({ path, exists, writable, identity }) => {
    if (!exists)
      return [
        blocker(
          'file-missing',
          `${path} is not on ${host.name}`,
          'make it reachable there under the same path',
        ),
      ]
    if (!writable || there.get(path)?.identity === identity) return []
    return [
      blocker(
        'file-not-shared',
        `${path} on ${host.name} is another file than at the source`,
        'put writable disks on storage that both hosts share',
      ),
    ]
  })
}

function binaryMissing(host: string, { argv }: Definition): Finding {
  return blocker(
    'hypervisor-missing',
    `${argv[0]} is not installed on ${host}`,
    `install it there (Debian: apt install qemu-system-x86)`,
  )
}

function blocker(code: string, message: string, remedy: string): Finding {
  return { severity: 'blocker', code, side: 'target', message, remedy }
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
