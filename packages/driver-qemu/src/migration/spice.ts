import {
  type CallOptions,
  type Clock,
  type HostChannel,
  type JsonObject,
  type MigrationRequest,
  sleep,
  type Ticket,
} from '@vmferry/core/driver'
import type { Fence, Step } from '@vmferry/fence'
import { attempt, tell } from '../fence/step.ts'
import { spiceHost, spiceServer } from '../guest/spice.ts'
import { certificatesIn } from '../tls/certificate.ts'

/** Milliseconds that the clients of a source may take to go; SPICE itself gives them ten seconds. */
const LIMIT = 12_000

/** Milliseconds between two looks. */
const PACE = 100

/** The ticket with where the clients of SPICE are to go, if they can follow. */
export async function withSpice(
  { host, fence }: { readonly host: HostChannel; readonly fence: Fence },
  { argv, request }: { readonly argv: readonly string[]; readonly request: MigrationRequest },
  ticket: Ticket,
  call: CallOptions,
): Promise<Ticket> {
  const server = spiceServer(argv)
  const hostname = server && spiceHost(server, request)
  if (!server || !hostname || server.unknownPassword) return ticket
  const [{ port, 'tls-port': tlsPort }] = await fence.ask([tell('query-spice')], call)
  const subject = server.certificate && (await subjectOf(host, server.certificate, call))
  const spice: JsonObject = {
    protocol: 'spice',
    hostname,
    ...(port && { port }),
    ...(tlsPort && { 'tls-port': tlsPort }),
    ...(subject && { 'cert-subject': subject }),
  }
  return { ...ticket, cookie: { ...ticket.cookie, spice } }
}

/** As clients compare it: `O=Lab,CN=beta`. Null if the certificate cannot be read: they compare its names then. */
async function subjectOf(host: HostChannel, path: string, call: CallOptions): Promise<string | null> {
  try {
    const [certificate] = certificatesIn(new TextDecoder().decode(await host.readFile(path, call)))
    return certificate?.subject.replaceAll(/[\\,]/g, '\\$&').replaceAll('\n', ',') ?? null
  } catch {
    return null
  }
}

/** Has the clients that the source has follow the guest. None: there are no clients, or the target's SPICE is not for them. */
export async function clientsFollow(fence: Fence, { cookie }: Ticket, call: CallOptions): Promise<Step[]> {
  const to = cookie?.['spice']
  if (typeof to !== 'object' || to === null) return []
  const [{ channels = [] }] = await fence.ask([tell('query-spice')], call)
  if (channels.length === 0) return []
  return [attempt('client_migrate_info', to as unknown as Destination)]
}

type Destination = NonNullable<Parameters<typeof tell<'client_migrate_info'>>[1]>

/** Waits until the source's clients know where to go and what they were doing: it must not end before. Never longer than they may take. */
export async function clientsGone(fence: Fence, clock: Clock, call: CallOptions): Promise<void> {
  for (const from = clock.monotonic(); clock.monotonic() - from < LIMIT; ) {
    const [{ migrated, channels = [] }] = await fence.ask([tell('query-spice')], call)
    if (migrated || channels.length === 0) return
    await sleep(clock, PACE, call.signal)
  }
}
