import type { CallOptions, HostChannel } from '@vmferry/core/driver'

/** What the QEMU that is to receive can do. */
export interface TargetHypervisor {
  readonly binary: boolean
  readonly machines: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
  readonly availableBytes: number | null
  /** It starts with the accelerator that the guest runs on, and answers. */
  readonly answers: boolean
  /** `7.2.22`; null where it does not answer. */
  readonly version: string | null
  /** By QEMU's type, the features that it cannot give. */
  readonly processors: ReadonlyMap<string, readonly string[]>
  /** Names of migration capabilities. */
  readonly capabilities: ReadonlySet<string>
}

/** A QEMU without a machine answers these and ends; the help knows the aliases of devices, which QMP does not tell. */
const QUESTIONS = [
  'qmp_capabilities',
  'query-version',
  'query-cpu-definitions',
  'query-migrate-capabilities',
  'quit',
]

/** In one round trip: the binary, the accelerator, then the questions. */
const LOOK = `
q=$(command -v "$1") || exit 0
accel=$2
shift 2
echo "binary $q"
printf '%s\\n' "$@" | "$q" -machine none -accel "$accel" -nodefaults -display none -qmp stdio 2>/dev/null | sed 's/^/qmp /' &
"$q" -machine help 2>/dev/null | sed -n '2,$s/^\\([^ ]*\\) .*/machine \\1/p'
"$q" -device help 2>/dev/null | sed -n 's/^name "\\([^"]*\\)".*/device \\1/p; s/.*alias "\\([^"]*\\)".*/device \\1/p'
sed -n 's/^MemAvailable: *\\([0-9]*\\) kB/memory \\1/p' /proc/meminfo
wait
exit 0
`

/** Asks the binary on that host. */
export async function targetHypervisor(
  host: HostChannel,
  binary: string,
  accelerator: 'kvm' | 'tcg',
  call: CallOptions,
): Promise<TargetHypervisor> {
  const questions = QUESTIONS.map((execute) => JSON.stringify({ execute, id: execute }))
  const argv = ['timeout', '30', 'sh', '-c', LOOK, 'sh', binary, accelerator, ...questions]
  const { stdout } = await host.exec(argv, call)
  const lines = stdout.split('\n').map((line) => [line.split(' ', 1)[0] ?? '', line] as const)
  const all = (kind: string): string[] =>
    lines.flatMap(([first, line]) => (first === kind ? [line.slice(kind.length + 1)] : []))
  const answers = new Map(all('qmp').map(answerIn))
  const memory = all('memory')[0]
  const version = (answers.get('query-version') as Version | undefined)?.qemu
  const definitions = (answers.get('query-cpu-definitions') ?? []) as readonly Model[]
  const capabilities = (answers.get('query-migrate-capabilities') ?? []) as readonly Capability[]
  return {
    binary: all('binary').length > 0,
    machines: new Set(all('machine')),
    devices: new Set(all('device')),
    availableBytes: memory ? Number(memory) * 1024 : null,
    answers: version !== undefined,
    version: version ? `${version.major}.${version.minor}.${version.micro}` : null,
    processors: new Map(definitions.map((model) => [model.typename, model['unavailable-features'] ?? []])),
    capabilities: new Set(capabilities.map(({ capability }) => capability)),
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

/** Small numbers only: nothing here needs more than JSON. */
function answerIn(line: string): readonly [id: string, answer: unknown] {
  try {
    const { id, return: answer } = JSON.parse(line) as { id?: string; return?: unknown }
    return [id ?? '', answer]
  } catch {
    return ['', null]
  }
}
