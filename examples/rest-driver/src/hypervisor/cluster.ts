import { createHash, randomBytes, randomUUID } from 'node:crypto'

/** A made-up cluster of hypervisors: guests that count, and jobs that move them. Plain data. */
export interface Cluster {
  readonly nodes: ReadonlyMap<string, Node>
  readonly jobs: Map<string, Job>
}

export interface Node {
  readonly name: string
  readonly id: string
  readonly guests: Map<string, Guest>
}

/** A guest counts the milliseconds for which it has run. */
export interface Guest {
  readonly name: string
  readonly uuid: string
  readonly memory: Buffer
  readonly checksum: string
  /** Counted until it was last stopped. */
  counted: number
  /** Null while it stands still. */
  runningSince: number | null
}

/** A migration, which runs by itself. */
export interface Job {
  readonly id: string
  readonly domain: string
  readonly from: string
  readonly to: string
  /** What its owner wants to find here again. */
  readonly note: unknown
  readonly totalBytes: number
  bytes: number
  state: 'running' | 'done' | 'cancelled'
}

export function createCluster(...names: readonly string[]): Cluster {
  const node = (name: string): Node => ({ name, id: randomUUID(), guests: new Map() })
  return { nodes: new Map(names.map((name) => [name, node(name)])), jobs: new Map() }
}

export function startGuest({ guests }: Node, name: string, bytes: number): void {
  const memory = randomBytes(bytes)
  const guest = { name, uuid: randomUUID(), memory, checksum: checksumOf(memory) }
  guests.set(name, { ...guest, counted: 0, runningSince: Date.now() })
}

export function stopGuest(guest: Guest): void {
  guest.counted = counterOf(guest)
  guest.runningSince = null
}

export function runGuest(guest: Guest): void {
  guest.runningSince ??= Date.now()
}

export function counterOf({ counted, runningSince }: Guest): number {
  return counted + (runningSince === null ? 0 : Date.now() - runningSince)
}

export function checksumOf(memory: Buffer): string {
  return createHash('sha256').update(memory).digest('hex')
}
