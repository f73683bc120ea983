import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import type { QemuHost } from '../qemu-host.ts'

/** What the QEMU that is to receive can do. */
export interface TargetHypervisor {
  readonly binary: boolean
  readonly machines: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
  /** `7.2.22`; null where it does not start with the accelerator that the guest runs on, and so says nothing. */
  readonly version: string | null
  /** By QEMU's type, the features that it cannot give; null where it does not say. */
  readonly processors: ReadonlyMap<string, readonly string[]> | null
  /** Names of migration capabilities; null where it does not say. */
  readonly capabilities: ReadonlySet<string> | null
  /** Names of QMP commands; null where it does not say. */
  readonly commands: ReadonlySet<string> | null
}

const QUESTIONS = [
  { execute: 'query-version' },
  { execute: 'query-cpu-definitions' },
  { execute: 'query-migrate-capabilities' },
  { execute: 'query-commands' },
  { execute: 'query-machines' },
  { execute: 'qom-list-types', arguments: { implements: 'device', abstract: false } },
]

/** Whether the binary is there, and what its help tells. */
const HELP = `
q=$(command -v "$1") || exit 0
echo "binary $q"
"$q" -machine help 2>/dev/null | sed -n '2,$s/^\\([^ ]*\\) .*/machine \\1/p'
"$q" -device help 2>/dev/null | sed -n 's/^name "\\([^"]*\\)".*/device \\1/p; s/.*alias "\\([^"]*\\)".*/device \\1/p'
exit 0
`

/**
 * Asks the binary on that host by QMP, in one start, unless its answers are on file there. Only its help knows the aliases of devices, and answers where the accelerator
 * cannot be had: it is asked where the answers lack one of `models`.
 */
export async function targetHypervisor(
  { host, keptAnswers }: QemuHost,
  binary: string,
  accelerator: 'kvm' | 'tcg',
  models: readonly string[],
  call: CallOptions,
): Promise<TargetHypervisor> {
  const answers = await keptAnswers.of(binary, accelerator, QUESTIONS, call)
  const said = <Q extends keyof Replies>(question: Q): Replies[Q] | undefined =>
    answers.get(question)?.return as Replies[Q] | undefined
  const version = said('query-version')?.qemu
  const processors = said('query-cpu-definitions')?.map(
    (model) => [model.typename, model['unavailable-features'] ?? []] as const,
  )
  const machines = said('query-machines')?.flatMap(({ name, alias }) => [name, alias ?? name])
  const devices = said('qom-list-types')?.map(({ name }) => name)
  const enough = machines && devices && models.every((model) => devices.includes(model))
  const { lines, binary: there } = enough ? NO_HELP : await help(host, binary, call)
  return {
    binary: there,
    machines: new Set([...(machines ?? []), ...lines('machine')]),
    devices: new Set([...(devices ?? []), ...lines('device')]),
    version: version ? `${version.major}.${version.minor}.${version.micro}` : null,
    processors: processors ? new Map(processors) : null,
    capabilities: setOf(said('query-migrate-capabilities')?.map((one) => one.capability)),
    commands: setOf(said('query-commands')?.map(({ name }) => name)),
  }
}

interface Help {
  readonly binary: boolean
  lines(kind: string): readonly string[]
}

const NO_HELP: Help = { binary: true, lines: () => [] }

async function help(host: HostChannel, binary: string, call: CallOptions): Promise<Help> {
  const { stdout } = await host.exec(['timeout', '30', 'sh', '-c', HELP, 'sh', binary], call)
  const words = stdout.split('\n').map((line) => line.split(' '))
  const lines = (kind: string): string[] =>
    words.filter(([first]) => first === kind).map(([, name = '']) => name)
  return { binary: lines('binary').length > 0, lines }
}

function setOf(names: readonly string[] | undefined): ReadonlySet<string> | null {
  return names ? new Set(names) : null
}

interface Replies {
  readonly 'query-version': {
    readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number }
  }
  readonly 'query-cpu-definitions': readonly {
    readonly typename: string
    readonly 'unavailable-features'?: readonly string[]
  }[]
  readonly 'query-migrate-capabilities': readonly { readonly capability: string }[]
  readonly 'query-commands': readonly Named[]
  readonly 'query-machines': readonly (Named & { readonly alias?: string })[]
  readonly 'qom-list-types': readonly Named[]
}

interface Named {
  readonly name: string
}
