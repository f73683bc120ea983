import { mustRun } from './command.ts'
import type { HostName } from './lab-state.ts'
import { hostNames } from './lab-state.ts'

/** Where a host can be reached: on the data network, and by the controller. */
export interface HostAddresses {
  /** On the data network; the controller is not on it, and its control address stands here. */
  readonly data: string
  readonly control: string
}

/** Equal in every lab: no address leaves the namespaces. */
export const addresses: Readonly<Record<HostName, HostAddresses>> = {
  controller: { data: '10.78.1.1', control: '10.78.1.1' },
  alpha: { data: '10.77.0.1', control: '10.78.1.2' },
  beta: { data: '10.77.0.2', control: '10.78.2.2' },
}

const interfaces: Readonly<Record<HostName, Readonly<Record<string, string>>>> = {
  controller: { alpha: '10.78.1.1', beta: '10.78.2.1' },
  alpha: { control: addresses.alpha.control, data: addresses.alpha.data },
  beta: { control: addresses.beta.control, data: addresses.beta.data },
}

/** A command that runs in the network namespace of `pid` only. */
const inNetwork = (pid: number, argv: readonly string[]): string[] => [
  'nsenter',
  `--target=${pid}`,
  '--net',
  '--',
  ...argv,
]

/** Lays the three cables. Both ends are born inside the namespaces: the machine's own network never sees one. */
export async function layCables(pids: Readonly<Record<HostName, number>>): Promise<void> {
  const cable = (a: HostName, nameA: string, b: HostName, nameB: string): Promise<string> =>
    mustRun(
      ['ip', 'link', 'add', nameA, 'netns', `${pids[a]}`, 'type', 'veth'].concat([
        'peer',
        'name',
        nameB,
        'netns',
        `${pids[b]}`,
      ]),
    )
  await Promise.all([
    cable('controller', 'alpha', 'alpha', 'control'),
    cable('controller', 'beta', 'beta', 'control'),
    cable('alpha', 'data', 'beta', 'data'),
  ])
  await Promise.all(
    hostNames.map((name) => {
      const lines = ['link set lo up']
      for (const [device, address] of Object.entries(interfaces[name])) {
        lines.push(`addr add ${address}/24 dev ${device}`, `link set ${device} up`)
      }
      return mustRun(inNetwork(pids[name], ['ip', '-batch', '-']), { input: `${lines.join('\n')}\n` })
    }),
  )
}

/** Sets one end of the data cable; the other end loses or regains its carrier by that. */
export async function setDataLink(pid: number, state: 'up' | 'down'): Promise<void> {
  await mustRun(inNetwork(pid, ['ip', 'link', 'set', 'data', state]))
}

/** Limits what a host sends on the data network, in bits per second; null takes the limit away. */
export async function setDataRate(pid: number, bitsPerSecond: number | null): Promise<void> {
  if (bitsPerSecond === null) {
    const rules = await mustRun(inNetwork(pid, ['tc', 'qdisc', 'show', 'dev', 'data']))
    if (rules.includes('tbf')) await mustRun(inNetwork(pid, ['tc', 'qdisc', 'del', 'dev', 'data', 'root']))
    return
  }
  // A veth hands over up to 64 KiB in one piece, which the bucket must hold; 4 ms of the rate keeps fast links fast.
  const burst = Math.max(128 * 1024, Math.ceil(bitsPerSecond / 8 / 250))
  const rule = ['tbf', 'rate', `${bitsPerSecond}bit`, 'burst', `${burst}`, 'latency', '50ms']
  await mustRun(inNetwork(pid, ['tc', 'qdisc', 'replace', 'dev', 'data', 'root', ...rule]))
}
