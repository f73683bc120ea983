import type {
  CallOptions,
  Capabilities,
  ChosenRequest,
  Finding,
  MigrationRequest,
  Ticket,
  TransportChoice,
} from '@vmferry/core/driver'
import type { Stream } from './stream.ts'
import type { WorldHost } from './world-host.ts'

/** What carries guests from one host to another: the links of a world, or sockets between processes. */
export interface Wire {
  /** The transports of a host with that manifest, best first. */
  transports(capabilities: Capabilities): readonly TransportChoice[]
  /** What keeps the source from reaching the target; null: nothing does. */
  obstacle(
    from: WorldHost,
    request: MigrationRequest,
    call: CallOptions,
  ): Promise<Finding | null> | Finding | null
  /** Bytes per second that the way to the target carries now; null: not known, or without bound. */
  rate(from: WorldHost, request: ChosenRequest): number | null
  /** Where the source is to send. */
  endpoint(to: WorldHost, request: ChosenRequest, migration: string): string
  /** Opens a stream to a ticket's endpoint; the signal ends it. VM_PHASE_FAILED if nobody receives there. */
  open(from: WorldHost, ticket: Ticket, migration: string, signal: AbortSignal): Promise<Stream> | Stream
}
