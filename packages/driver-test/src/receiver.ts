import { type Guest, isAlive } from './guest.ts'
import { settleArrival } from './migration-file.ts'
import type { Registers } from './page-memory.ts'
import type { WorldHost } from './world-host.ts'

/** The receiving end of a stream. Each member throws once nobody receives there any more. */
export interface Receiver {
  /** Pages of the guest. */
  readonly pages: number
  verify(): void
  page(number: number, words: Uint32Array): void
  /** Post-copy: the guest can run here without those pages, which come later. */
  turn(registers: Registers, missing: Iterable<number>): void
  /** The guest is complete. */
  end(registers: Registers): void
}

/** What receives a migration on a host; `broken` makes the error that is thrown if nothing does. */
export function receiverOf(
  host: WorldHost | undefined,
  migration: string,
  broken: (why: string) => Error,
): Receiver {
  const file = host?.incoming.get(migration)
  if (!host || !file) throw broken('connection refused')
  const receiving = (): Guest => {
    const { guest } = file
    const listens = guest?.state === 'incoming' || (file.missing && guest && isAlive(guest))
    if (guest && listens && host.incoming.get(migration) === file) return guest
    throw broken('the other end has closed the connection')
  }
  return {
    pages: receiving().memory.pages,
    verify() {
      receiving()
    },
    page(number, words) {
      const { memory } = receiving()
      // what the guest has written here meanwhile is newer than what comes
      if (!file.missing || !memory.isDirty(number)) memory.load(number, words)
      file.missing?.delete(number)
      if (file.missing?.size === 0) settleArrival(file)
    },
    turn(registers, missing) {
      receiving().memory.loadRegisters(registers)
      file.missing = new Set(missing)
      if (file.missing.size === 0) settleArrival(file)
    },
    end(registers) {
      receiving().memory.loadRegisters(registers)
      file.loaded = true
    },
  }
}
