import { vmError } from '@vmferry/core/driver'
import type { Registers } from '../page-memory.ts'
import { receiverOf } from '../receiver.ts'
import type { WorldHost } from '../world-host.ts'
import type { LineListener, LineSocket } from './line-socket.ts'
import { greeting, messageOf } from './message.ts'

/** Takes in the stream of a migration. VM_PHASE_FAILED if nobody waits for it, or a stream of it is there already. */
export function takeIn(
  host: WorldHost,
  migration: string,
  lines: LineSocket,
  arriving: Set<string>,
): LineListener {
  const refused = (why: string): Error => vmError('VM_PHASE_FAILED', why, { host: host.name })
  if (arriving.has(migration)) throw refused('another stream of this migration is open')
  const receiver = receiverOf(host, migration, refused)
  let ended = false
  arriving.add(migration)
  lines.write(greeting({ host: host.name }))
  return {
    line(text) {
      receiver.verify()
      // filler: its bytes were all that mattered
      if (text === '' || text.startsWith('-')) return
      const { page, words, end } = messageOf(text)
      if (!ended && isPage(page, receiver.pages) && isWords(words))
        return receiver.page(page, Uint32Array.from(words))
      if (ended || !isRegisters(end)) throw vmError('VM_PROTOCOL', 'that is no part of a stream')
      ended = true
      receiver.end(end)
      lines.write(JSON.stringify({ loaded: true }))
    },
    closed() {
      arriving.delete(migration)
    },
  }
}

function isPage(value: unknown, pages: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) < pages
}

function isWords(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 16 && value.every((word) => Number.isSafeInteger(word))
}

function isRegisters(value: unknown): value is Registers {
  const { counter, written, dirtyPerSecond } = (value ?? {}) as Partial<Registers>
  return [counter, written, dirtyPerSecond].every((one) => Number.isFinite(one) && Number(one) >= 0)
}
