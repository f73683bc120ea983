import type { Guest } from './guest.ts'
import type { Registers } from './page-memory.ts'
import type { WorldHost } from './world-host.ts'

/** The receiving end of a stream. Each member throws once nobody receives there any more. */
export interface Receiver {
  /** Pages of the guest. */
  readonly pages: number
  verify(): void
  page(number: number, words: Uint32Array): void
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
    if (guest?.state === 'incoming' && host.incoming.get(migration) === file) return guest
    throw broken('the other end has closed the connection')
  }
  return {
    pages: receiving().memory.pages,
    verify() {
      receiving()
    },
    page: (number, words) => receiving().memory.load(number, words),
    end(registers) {
      receiving().memory.loadRegisters(registers)
      file.loaded = true
    },
  }
}
