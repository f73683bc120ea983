import { type EffectOptions, type Ticket, vmError } from '@vmferry/core/driver'
import { keep } from '@vmferry/fence'
import type { Sender } from '../migration/copy.ts'
import { TAKE } from '../stream/receive.ts'
import { CONNECT, LISTEN } from '../stream/socket.ts'
import type { XenHost } from '../xen-host.ts'

/** Milliseconds in which the target must listen. */
const LISTEN_LIMIT = 20_000

/** Listens at the target, at that port or any that is free, for one who knows a word that goes over the connections of this controller only. */
export async function listenTcp(
  { host, random }: XenHost,
  { fence, folder }: Pick<Sender, 'fence' | 'folder'>,
  port: number | null,
  call: EffectOptions,
): Promise<Ticket> {
  const pass = Buffer.from(random.bytes(16)).toString('hex')
  await fence.act([keep('pass', { pass })], call)
  const argv = ['python3', '-I', '-c', LISTEN, folder.path, `${port ?? 0}`, TAKE]
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
  { fence, folder, file }: Sender,
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
