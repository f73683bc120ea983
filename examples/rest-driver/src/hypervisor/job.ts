import { setTimeout as sleep } from 'node:timers/promises'
import { type Guest, type Job, type Node, runGuest, stopGuest } from './cluster.ts'

/** A move takes two tenths of a second. */
const PORTIONS = 10
const PACE = 20

/** What is asked for with `POST /nodes/NODE/domains/NAME/migrate`. */
export interface JobWish {
  readonly id: string
  readonly live: boolean
  readonly note: unknown
}

/** Begins to move the guest, which goes on by itself. */
export function startJob(guest: Guest, from: Node, to: Node, { id, live, note }: JobWish): Job {
  const job: Job = {
    id,
    domain: guest.name,
    from: from.name,
    to: to.name,
    note,
    totalBytes: guest.memory.length,
    bytes: 0,
    state: 'running',
  }
  if (!live) stopGuest(guest)
  void move(job, guest, from, to)
  return job
}

async function move(job: Job, guest: Guest, from: Node, to: Node): Promise<void> {
  const memory = Buffer.alloc(guest.memory.length)
  const portion = Math.ceil(memory.length / PORTIONS)
  while (job.state === 'running' && job.bytes < memory.length) {
    guest.memory.copy(memory, job.bytes, job.bytes, job.bytes + portion)
    job.bytes = Math.min(memory.length, job.bytes + portion)
    await sleep(PACE)
  }
  if (job.state !== 'running') return runGuest(guest)
  // one node lets it go and the other takes it, in one step
  stopGuest(guest)
  from.guests.delete(guest.name)
  const arrived = { ...guest, memory }
  to.guests.set(guest.name, arrived)
  runGuest(arrived)
  job.state = 'done'
}
