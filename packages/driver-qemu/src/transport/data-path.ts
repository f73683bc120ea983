import { type Dial, type EffectOptions, isVmError, type Ticket, vmError } from '@vmferry/core/driver'
import type { Fence } from '../fence/fence.ts'
import type { Step } from '../fence/step.ts'
import { logTail } from '../guest/process.ts'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { MigrationFile } from '../migration/file.ts'
import type { QemuHost } from '../qemu-host.ts'
import { expectedName, tlsHalf } from '../tls/half.ts'
import { PLAINTEXT, tlsSteps } from '../tls/steps.ts'
import { openRelay } from './relay.ts'
import { sshDestination } from './ssh.ts'
import { startTunnel } from './tunnel.ts'

/** How the stream gets to the target. */
export interface DataPath {
  /** QEMU's migration URI. */
  readonly to: string
  /** What QEMU is told of it before. */
  readonly before: readonly Step[]
  /** What this way has to say of itself; empty: nothing. */
  words(): string | Promise<string>
  end(): Promise<void>
}

/** Whose stream it is. */
export interface Sender {
  readonly at: QemuHost
  readonly fence: Fence
  readonly folder: GuestFolder
  readonly file: MigrationFile
}

/** QEMU's own connection to the target. */
const DIRECT = { before: PLAINTEXT, words: (): string => '', end: async (): Promise<void> => {} }

/** Makes the way that the ticket names. */
export async function dataPath(
  { at, fence, folder, file }: Sender,
  { transport, endpoints, cookie }: Ticket,
  dial: Dial,
  call: EffectOptions,
): Promise<DataPath> {
  const { host } = at
  const ram = endpoints['ram'] ?? ''
  const near = `unix:${folder.tunnelSocket}`
  switch (transport) {
    case 'unix':
      return { ...DIRECT, to: `unix:${ram}` }
    case 'tcp':
      return { ...DIRECT, to: `tcp:${ram}` }
    case 'tls': {
      const before = tlsSteps(tlsHalf(at, file.offer, 'client'), expectedName(file.request, cookie))
      return { ...DIRECT, to: `tcp:${ram}`, before }
    }
    case 'relay':
      return { ...DIRECT, to: near, ...(await openRelay(host, folder.tunnelSocket, dial, call)) }
    case 'ssh': {
      const to = sshDestination(file.request)
      if (!to) throw vmError('VM_PHASE_FAILED', 'nothing tells where the ssh of the source goes')
      await startTunnel(host, fence, folder, to, ram, call)
      return { ...DIRECT, to: near, words: () => logTail(host, folder.tunnelLog) }
    }
    default:
      throw vmError('VM_PROTOCOL', `the ticket names a transport that QEMU does not have: ${transport}`)
  }
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
