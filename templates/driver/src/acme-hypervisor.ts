/**
 * A stand-in for acme, in memory. Put a client of the real hypervisor here: what the connection needs are the guests of
 * a host, and a place on the host that keeps the epochs.
 */
import { randomUUID } from 'node:crypto'

export interface AcmeHost {
  readonly name: string
  /** Random, and kept on the host: two ways to one host are one host. */
  readonly id: string
  readonly guests: Map<string, AcmeGuest>
  /** The epoch of the last claim, by domain. */
  readonly epochs: Map<string, number>
}

export interface AcmeGuest {
  readonly name: string
  readonly uuid: string
  readonly memoryBytes: number
  /** Milliseconds since the epoch. */
  readonly startedAt: number
}

const hosts = new Map<string, AcmeHost>()

/** The host of that name, made when it is first asked for. */
export function acmeHost(name: string): AcmeHost {
  const known = hosts.get(name)
  if (known) return known
  const host: AcmeHost = { name, id: randomUUID(), guests: new Map(), epochs: new Map() }
  hosts.set(name, host)
  return host
}

export function startGuest({ guests }: AcmeHost, name: string, memoryBytes: number): void {
  guests.set(name, { name, uuid: randomUUID(), memoryBytes, startedAt: Date.now() })
}

/** A guest of acme counts the milliseconds for which it has run. */
export function counterOf({ startedAt }: AcmeGuest): number {
  return Date.now() - startedAt
}
