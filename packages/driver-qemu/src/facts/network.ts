import type { CallOptions, Finding, HostChannel, MigrationRequest } from '@vmferry/core/driver'
import { optionsNamed } from '../guest/command-line.ts'
import { isOn, type OptionList, optionValue, parseOptionList } from '../guest/option-list.ts'
import { isSameHost } from '../transport/choose.ts'
import { blocker, warning } from './finding.ts'

/** Something on its host that a guest's command line connects it to. */
export interface Backend {
  readonly kind: 'bridge' | 'tap' | 'socket'
  readonly name: string
}

/** The bridges, ready-made taps and sockets of other programs that the command line names. */
export function namedBackends(argv: readonly string[]): Backend[] {
  const networks = optionsNamed(argv, 'netdev', 'nic', 'net').flatMap((value) =>
    networkOf(options(value, 'type')),
  )
  const sockets = optionsNamed(argv, 'chardev').flatMap((value) => socketOf(options(value, 'backend')))
  return [...networks, ...sockets]
}

/** The UNIX sockets on which the guest's QEMU listens for other programs. */
export function listeningSockets(argv: readonly string[]): string[] {
  return optionsNamed(argv, 'chardev').flatMap((value) => {
    const list = options(value, 'backend')
    const path = optionValue(list, 'path')
    return optionValue(list, 'backend') === 'socket' && path && isOn(list, 'server') ? [path] : []
  })
}

/** Within one host a QEMU that ends takes the paths of its sockets with it, also where another one has made them its own. */
export function socketFindings(host: string, argv: readonly string[], request: MigrationRequest): Finding[] {
  if (!isSameHost(request)) return []
  return listeningSockets(argv).map((path) =>
    warning(
      'target',
      'socket-path-lost',
      `the guest listens at ${path}, which the QEMU that it leaves removes on ${host}: nobody can connect there any more`,
      'move it to another host, or let nothing depend on that socket',
    ),
  )
}

/** Options whose value is a descriptor that only the program which started this QEMU could pass. */
export function passedDescriptors(argv: readonly string[]): string[] {
  const passed = /(?:^|,)(?:fd|fds|vhostfd|vhostfds)=\d|\/dev\/fdset\/|"(?:fd|fds|vhostfd|vhostfds)":"?\d/
  return argv.filter((word, index) => (argv[index - 1] ?? '').startsWith('-') && passed.test(word))
}

/** One line for each thing that is not there. Names come as arguments. */
const LOOK = `
while [ $# -gt 0 ]; do
  case $1 in
    socket) [ -S "$2" ] ;;
    *) [ -e "/sys/class/net/$2" ] ;;
  esac || printf '%s\\n' "$1 $2"
  shift 2
done
exit 0
`

/** What the guest would be connected to at the target, and is not there. */
export async function networkFindings(
  host: HostChannel,
  argv: readonly string[],
  call: CallOptions,
): Promise<Finding[]> {
  const wanted = namedBackends(argv)
  if (wanted.length === 0) return []
  const words = wanted.flatMap(({ kind, name }) => [kind, name])
  const { stdout } = await host.exec(['sh', '-c', LOOK, 'sh', ...words], call)
  const missing = new Set(stdout.split('\n'))
  return wanted.flatMap((backend) =>
    missing.has(`${backend.kind} ${backend.name}`) ? [missingFinding(backend, host.name)] : [],
  )
}

function missingFinding({ kind, name }: Backend, host: string): Finding {
  if (kind === 'tap')
    return warning(
      'target',
      'tap-missing',
      `${host} has no network interface ${name}: QEMU makes it there if it may, connected to nothing`,
      `make the tap ${name} there and connect it, before the guest comes`,
    )
  const what = kind === 'bridge' ? `network bridge ${name}` : `socket ${name} that the guest connects to`
  return blocker(
    'target',
    `${kind}-missing`,
    `${host} has no ${what}`,
    kind === 'bridge' ? `make a bridge ${name} there` : 'start there the program that listens on it',
  )
}

function networkOf(list: OptionList): Backend[] {
  const type = optionValue(list, 'type')
  const bridge = optionValue(list, 'br')
  if (type === 'bridge') return [{ kind: 'bridge', name: bridge ?? 'br0' }]
  if (type !== 'tap') return []
  if (bridge) return [{ kind: 'bridge', name: bridge }]
  const name = optionValue(list, 'ifname')
  return name && optionValue(list, 'script') === 'no' ? [{ kind: 'tap', name }] : []
}

function socketOf(list: OptionList): Backend[] {
  const path = optionValue(list, 'path')
  return optionValue(list, 'backend') === 'socket' && path && !isOn(list, 'server')
    ? [{ kind: 'socket', name: path }]
    : []
}

/** Either of the two ways in which QEMU takes options. */
function options(value: string, implied: string): OptionList {
  if (!value.startsWith('{')) return parseOptionList(value, implied)
  try {
    return Object.entries(JSON.parse(value) as object).map(([key, member]) => [key, String(member)] as const)
  } catch {
    return []
  }
}
