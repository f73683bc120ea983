import { setTimeout as sleep } from 'node:timers/promises'
import { signalled, stateOf } from '../process-state.ts'
import { type Hypervisor, hypervisorOn } from './hypervisor.ts'
import { must, type Scene } from './scene.ts'

/** Faults of processes: they die, or come to their turn only now and then. */
export const processStrikes = {
  async 'kill the QEMU of the source'({ source }: Scene) {
    await killed(await hypervisorOn(source))
  },
  async 'kill the QEMU of the target'({ target }: Scene) {
    await killed(await hypervisorOn(target))
  },
  async 'slow the QEMU of the target'({ target, mend }: Scene) {
    mend.push(slowed([(await hypervisorOn(target)).pid]))
  },
  async 'slow the control ssh of the target'({ target, mend }: Scene) {
    mend.push(slowed(await sessionsFrom({ target }, 'target', CONTROL)))
  },
} as const

/** Returns when it is dead: one that is dying could still be taken for one that lives. */
async function killed({ pid }: Hypervisor): Promise<void> {
  process.kill(pid, 'SIGKILL')
  for (let tries = 0; tries < 1_000 && !/^[ZX]/.test(await stateOf(pid)); tries += 1) await sleep(2)
}

/** The first numbers of the addresses of the control network and of the one between the hosts. */
export const CONTROL = '10.78.'
export const DATA = '10.77.'

/** The sshd sessions of a host whose client has such an address. */
export async function sessionsFrom(
  scene: Partial<Scene>,
  side: 'source' | 'target',
  network: string,
): Promise<readonly number[]> {
  const host = scene[side]
  if (!host) return []
  const table = await must(host, 'ss', '-tnpH', 'state', 'established')
  const lines = table.split('\n').filter((line) => line.includes(network) && /"sshd[^"]*"/.test(line))
  const peers = lines.filter((line) => line.trim().split(/\s+/)[3]?.startsWith(network))
  return [...new Set(peers.flatMap((line) => [...line.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid))))]
}

/** Lets processes run for one tenth of the time, until the function returned is called. */
function slowed(pids: readonly number[]): () => Promise<void> {
  const send = (signal: NodeJS.Signals): void => pids.forEach((pid) => signalled(pid, signal))
  const stop = setInterval(() => {
    send('SIGSTOP')
    setTimeout(send, 90, 'SIGCONT')
  }, 100)
  return async () => {
    clearInterval(stop)
    await new Promise((resolve) => setTimeout(resolve, 110))
    send('SIGCONT')
  }
}
