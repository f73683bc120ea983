import type { CallOptions, HostChannel } from '@vmferry/core/driver'
import { askBareQemu } from '../guest/bare-qemu.ts'

/** What the QEMU that is to receive can do. */
export interface TargetHypervisor {
  readonly binary: boolean
  readonly machines: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
  readonly availableBytes: number | null
  /** `7.2.22`; null where it does not start with the accelerator that the guest runs on, and so says nothing. */
  readonly version: string | null
  /** By QEMU's type, the features that it cannot give; null where it does not say. */
  readonly processors: ReadonlyMap<string, readonly string[]> | null
  /** Names of migration capabilities; null where it does not say. */
  readonly capabilities: ReadonlySet<string> | null
  /** Names of QMP commands; null where it does not say. */
  readonly commands: ReadonlySet<string> | null
}

/** Only the help knows the aliases of devices. */
const QUESTIONS = ['query-version', 'query-cpu-definitions', 'query-migrate-capabilities', 'query-commands']

/** The binary, and what its help tells. */
const LOOK = `
q=$(command -v "$1") || exit 0
echo "binary $q"
"$q" -machine help 2>/dev/null | sed -n '2,$s/^\\([^ ]*\\) .*/machine \\1/p'
"$q" -device help 2>/dev/null | sed -n 's/^name "\\([^"]*\\)".*/device \\1/p; s/.*alias "\\([^"]*\\)".*/device \\1/p'
sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/memory \\1/p' /proc/meminfo
exit 0
`

/** Asks the binary on that host, by its help and by QMP at the same time. */
export async function targetHypervisor(
  host: HostChannel,
  binary: string,
  accelerator: 'kvm' | 'tcg',
  call: CallOptions,
): Promise<TargetHypervisor> {
  const questions = QUESTIONS.map((execute) => ({ execute }))
  const [help, answers] = await Promise.all([
    host.exec(['timeout', '30', 'sh', '-c', LOOK, 'sh', binary], call),
    askBareQemu(host, binary, accelerator, questions, call),
  ])
  const lines = help.stdout.split('\n').map((line) => line.split(' '))
  const all = (kind: string): string[] =>
    lines.filter(([first]) => first === kind).map(([, name = '']) => name)
  const memory = all('memory')[0]
  const version = (answers.get('query-version')?.return as Version | undefined)?.qemu
  const models = answers.get('query-cpu-definitions')?.return as readonly Model[] | undefined
  const capabilities = answers.get('query-migrate-capabilities')?.return as readonly Capability[] | undefined
  const commands = answers.get('query-commands')?.return as readonly Command[] | undefined
  return {
    binary: all('binary').length > 0,
    machines: new Set(all('machine')),
    devices: new Set(all('device')),
    availableBytes: memory ? Number(memory) * 1024 : null,
    version: version ? `${version.major}.${version.minor}.${version.micro}` : null,
    processors:
      models === undefined
        ? null
        : new Map(models.map((model) => [model.typename, model['unavailable-features'] ?? []])),
    capabilities:
      capabilities === undefined ? null : new Set(capabilities.map(({ capability }) => capability)),
    commands: commands === undefined ? null : new Set(commands.map(({ name }) => name)),
  }
}

interface Version {
  readonly qemu: { readonly major: number; readonly minor: number; readonly micro: number }
}

interface Model {
  readonly typename: string
  readonly 'unavailable-features'?: readonly string[]
}

interface Capability {
  readonly capability: string
}

interface Command {
  readonly name: string
}
