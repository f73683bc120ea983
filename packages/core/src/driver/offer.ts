import type { JsonObject, JsonValue } from './json.ts'

/** What the source offers: everything that the target needs to receive the guest. JSON data, no secrets. */
export interface Offer {
  /** The domain's name at the source. */
  readonly domain: string
  /** The domain's uuid, lower case; null if it has none. */
  readonly uuid: string | null
  /** The wire format of the stream: one of the manifest's `streams`. */
  readonly stream: string
  /** The run state before the migration: to be restored by an abort, and kept at the target. */
  readonly runState: 'running' | 'paused' | 'off'
  /** Guest memory in bytes. */
  readonly memoryBytes: number
  /** The definition in the driver's own form: the target makes the guest's hypervisor process from it. */
  readonly definition: JsonValue
  /** Whatever else the driver's two sides tell each other. */
  readonly cookie?: JsonObject
}

/** Where and how to send: made by the target, opaque to core. JSON data, no secrets. */
export interface Ticket {
  /** The transport that was chosen. */
  readonly transport: string
  /** Endpoints by name: `ram`, `nbd:<disk>`; paths on the target host, or addresses. */
  readonly endpoints: Readonly<Record<string, string>>
  readonly cookie?: JsonObject
}
