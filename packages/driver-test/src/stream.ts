import { type Ticket, vmError } from '@vmferry/core/driver'
import type { Link } from './link.ts'
import type { IncomingFile } from './migration-file.ts'
import type { Registers } from './page-memory.ts'
import type { World } from './world.ts'

/** An open stream from a source's hypervisor to the target's. What is written arrives at once: waiting is for the link. */
export interface Stream {
  readonly link: Link
  /** VM_PHASE_FAILED if the stream is broken: the link was reset, or nobody receives any more. */
  verify(): void
  /** Delivers a page. Rejects as {@link Stream.verify}. */
  page(number: number, words: Uint32Array): void
  /** Delivers the last of the guest: it is complete at the target. Rejects as {@link Stream.verify}. */
  end(registers: Registers): void
}

/** The endpoint of a target, as it stands in a ticket. */
export function endpointOf(transport: string, host: string, migration: string): string {
  return `${transport}://${host}/${migration}`
}

/** Connects to the endpoint of a ticket. VM_PHASE_FAILED if nobody receives there. */
export function streamTo(world: World, from: string, ticket: Ticket, migration: string): Stream {
  const endpoint = ticket.endpoints['ram'] ?? ''
  const [, name = '', id = ''] = /^[a-z]+:\/\/([^/]+)\/(.+)$/.exec(endpoint) ?? []
  const broken = (why: string): never => {
    const message = `the stream from ${from} to ${name || endpoint} broke: ${why}`
    throw vmError('VM_PHASE_FAILED', message, {
      host: from,
      phase: 'perform',
      causes: [{ host: from, words: why }],
    })
  }
  const target = world.hosts.get(name)
  const receiver = target?.incoming.get(id)
  if (!target || !receiver || id !== migration) return broken('connection refused')
  const link = world.link(from, name)
  const resets = link.resets

  const receiving = (): NonNullable<IncomingFile['guest']> => {
    const { guest } = receiver
    if (link.resets !== resets) return broken('connection reset by peer')
    if (!guest || target.incoming.get(id) !== receiver || guest.state !== 'incoming')
      return broken('the other end has closed the connection')
    return guest
  }
  receiving()
  return {
    link,
    verify: () => {
      receiving()
    },
    page: (number, words) => receiving().memory.load(number, words),
    end(registers) {
      receiving().memory.loadRegisters(registers)
      receiver.loaded = true
    },
  }
}
