import { once } from 'node:events'
import { connect } from 'node:net'
import type { LabHost } from '@vmferry/lab'
import { type QmpObject, type QmpValue, qmp } from '@vmferry/qmp'

/** A QEMU that serves a guest on a host, and nothing that was only asked what it can do. */
export interface Hypervisor {
  readonly pid: number
  readonly host: string
  readonly incoming: boolean
  /** The file, as the host sees it, in a way that this process can open it. */
  seen(path: string): string
  /** Gives it a command over the guest's spare socket, as an administrator would. */
  tell(command: string, given?: QmpObject): Promise<QmpValue>
}

/** All of them on a host. */
export async function hypervisorsOn(host: LabHost): Promise<readonly Hypervisor[]> {
  const all = await host.processes('spare.sock')
  return all
    .filter(({ argv }) => argv[0]?.includes('qemu-system'))
    .map(({ pid, argv }) => {
      const seen = (path: string): string => `/proc/${pid}/root${path}`
      const socket = /unix:([^,]*spare\.sock)/.exec(argv.join(' '))?.[1] ?? ''
      return {
        pid,
        host: host.name,
        incoming: argv.includes('-incoming'),
        seen,
        tell: (command, given) => told(seen(socket), command, given),
      }
    })
}

/** The only QEMU of a host. */
export async function hypervisorOn(host: LabHost): Promise<Hypervisor> {
  const [only] = await hypervisorsOn(host)
  if (!only) throw new Error(`there is no QEMU on ${host.name}`)
  return only
}

/** Tells whether it runs its guest; null if it is gone or does not answer. */
export async function runs(hypervisor: Hypervisor): Promise<boolean | null> {
  const status = await hypervisor.tell('query-status').catch(() => null)
  return status === null ? null : (status as { running: boolean }).running
}

async function told(path: string, command: string, given?: QmpObject): Promise<QmpValue> {
  const socket = connect(path)
  const signal = AbortSignal.timeout(5_000)
  try {
    await once(socket, 'connect', { signal })
    const monitor = await qmp(socket, { signal })
    return await monitor.raw(command, given, { signal })
  } finally {
    socket.destroy()
  }
}
