import {
  type Dial,
  type EffectOptions,
  type HostChannel,
  isVmError,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import { type Fence, type MigrationFile, type Step } from '@vmferry/fence'
import type { SocketAddress } from '@vmferry/qmp'
import { logTail } from '../guest/process.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import { expectedName, tlsHalf } from '../tls/half.ts'
import { madePlain, tlsSteps } from '../tls/steps.ts'
import { openRelay } from './relay.ts'
import { sshDestination } from './ssh.ts'
import { openTunnel, type TunnelAhead, waysTo } from './tunnel.ts'

/** How the stream gets to the target. */
export interface DataPath {
  /** QEMU's migration URI. */
  readonly to: string
  /** The target's NBD server, as QEMU reaches it. */
  readonly disks: NbdServer
  /** What QEMU is told of it before. */
  readonly before: readonly Step[]
  /** What this way has to say of itself; empty: nothing. */
  words(): string | Promise<string>
  end(): Promise<void>
}

/** Where an NBD server is, and what it has to prove. */
export interface NbdServer {
  readonly server: SocketAddress
  /** The name in its certificate; null: nothing is encrypted. */
  readonly name: string | null
}

/** Whose stream it is. */
export interface Sender {
  readonly at: QemuHost
  readonly fence: Fence
  readonly folder: GuestFolder
  readonly file: MigrationFile
  /** A tunnel that was started before the ticket was there. */
  readonly ahead?: TunnelAhead | null
}

/** QEMU's own connection to the target. */
const DIRECT = {
  disks: onSocket(''),
  words: (): string => '',
  end: async (): Promise<void> => {},
}

/** Makes the way that the ticket names. */
export async function dataPath(
  sender: Sender,
  { transport, endpoints, cookie }: Ticket,
  dial: Dial,
  call: EffectOptions,
): Promise<DataPath> {
  const { at, folder, file } = sender
  const { host } = at
  const ram = endpoints['ram'] ?? ''
  const nbd = endpoints['nbd']
  const direct = { ...DIRECT, before: madePlain(file.found) }
  const near = `unix:${folder.tunnelSocket}`
  switch (transport) {
    case 'unix':
      return { ...direct, to: `unix:${ram}`, disks: onSocket(nbd ?? '') }
    case 'tcp':
      return { ...direct, to: `tcp:${ram}`, disks: onPort(nbd ?? '', null) }
    case 'tls': {
      const name = expectedName(file.request, cookie)
      const before = tlsSteps(tlsHalf(at, file.offer, 'client'), name)
      return { ...direct, to: `tcp:${ram}`, disks: onPort(nbd ?? '', name), before }
    }
    case 'relay':
      return { ...direct, to: near, ...(await relayed(host, folder, nbd !== undefined, dial, call)) }
    case 'ssh': {
      const to = sshDestination(file.request)
      if (!to) throw vmError('VM_PHASE_FAILED', 'nothing tells where the ssh of the source goes')
      await openTunnel(sender, to, waysTo(folder, ram, nbd), call).catch((error: unknown) => {
        at.trials.forget(to)
        throw error
      })
      return {
        ...direct,
        to: near,
        disks: onSocket(folder.disksSocket),
        words: () => logTail(host, folder.tunnelLog),
      }
    }
    default:
      throw vmError('VM_PROTOCOL', `the ticket names a transport that QEMU does not have: ${transport}`)
  }
}

/** One socket for memory, and one for the disks where there are any. */
async function relayed(
  host: HostChannel,
  { tunnelSocket, disksSocket }: GuestFolder,
  withDisks: boolean,
  dial: Dial,
  call: EffectOptions,
): Promise<Pick<DataPath, 'disks' | 'words' | 'end'>> {
  const ram = await openRelay(host, tunnelSocket, 'ram', dial, call)
  if (!withDisks) return { ...ram, disks: onSocket('') }
  const nbd = await openRelay(host, disksSocket, 'nbd', dial, call)
  return {
    disks: onSocket(disksSocket),
    words: () => [ram.words(), nbd.words()].filter(Boolean).join('; '),
    end: async () => void (await Promise.all([ram.end(), nbd.end()])),
  }
}

function onSocket(path: string): NbdServer {
  return { server: { type: 'unix', path }, name: null }
}

/** `host:port`, an IPv6 address in brackets. */
function onPort(place: string, name: string | null): NbdServer {
  const at = place.lastIndexOf(':')
  const host = place.slice(0, at).replace(/^\[(.*)\]$/, '$1')
  return { server: { type: 'inet', host, port: place.slice(at + 1) }, name }
}

/** A way that broke knows more than QEMU, which sees only a closed socket. */
export async function withWordsOf(
  way: DataPath,
  transport: string,
  host: string,
  error: unknown,
): Promise<unknown> {
  if (!isVmError(error, 'VM_PHASE_FAILED')) return error
  const words = await way.words()
  return words
    ? Object.assign(error, { causes: [...error.causes, { host, words: `${transport}: ${words}` }] })
    : error
}
