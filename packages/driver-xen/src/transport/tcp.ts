import { type EffectOptions, type Ticket, vmError } from '@vmferry/core/driver'
import { type Fence, keep, type MigrationFile } from '@vmferry/fence'
import type { HalfFolder } from '../guest/run-directory.ts'
import { TAKE } from '../stream/receive.ts'
import { CONNECT, LISTEN } from '../stream/socket.ts'
import type { XenHost } from '../xen-host.ts'

/** Milliseconds in which the target must listen. */
const LISTEN_LIMIT = 20_000

/** Half a migration, for what is done in its folder. */
export interface TcpEnd {
  readonly fence: Fence
  readonly folder: HalfFolder
  readonly file: MigrationFile
}

/** Listens at the target, for one who knows a word that goes over the connections of this controller only. */
export async function listenTcp(
  { host, random }: XenHost,
  { fence, folder, file }: TcpEnd,
  call: EffectOptions,
): Promise<Ticket> {
  const pass = Buffer.from(random.bytes(16)).toString('hex')
  await fence.act([keep('pass', { pass })], call)
  const port = `${file.request.uri?.port ?? 0}`
  const argv = ['python3', '-I', '-c', LISTEN, folder.path, port, TAKE]
  await host.detach(fence.launch(folder.listener, argv, call), {
    ...call,
    log: folder.carrierLog,
    until: folder.port,
    timeout: LISTEN_LIMIT,
  })
  const { stdout } = await host.exec(['cat', folder.port], call)
  if (!/^\d+$/.test(stdout))
    throw vmError('VM_PROTOCOL', `${host.name} does not tell at which port it listens`, { host: host.name })
  return { transport: 'tcp', endpoints: { ram: folder.path, port: stdout }, cookie: { pass } }
}

/** The command that carries the stream to where the ticket says. */
export async function tcpCommand(
  { fence, folder, file }: TcpEnd,
  { endpoints, cookie }: Ticket,
  call: EffectOptions,
): Promise<readonly string[]> {
  const there = file.request.uri?.host
  const port = endpoints['port'] ?? ''
  if (!there || !/^\d+$/.test(port))
    throw vmError('VM_PROTOCOL', 'the ticket does not tell where the target listens')
  await fence.act([keep('pass', { pass: cookie?.['pass'] })], call)
  return ['python3', '-I', '-c', CONNECT, there, port, `${folder.path}/pass`]
}
