import {
  abortError,
  type EffectOptions,
  sleep,
  type Ticket,
  unlessAborted,
  vmError,
} from '@vmferry/core/driver'
import { refuseFenced } from './gate.ts'
import { catchUp, isAlive } from './guest.ts'
import type { OutgoingFile } from './migration-file.ts'
import { brokenStream, type Stream } from './stream.ts'
import type { TestHost } from './test-host.ts'

/** Milliseconds between two looks at what is still to be sent. */
const PACE = 50

/** A copy that goes over to post-copy. */
export interface Turn {
  readonly at: TestHost
  readonly file: OutgoingFile
  readonly stream: Stream
  readonly call: EffectOptions
  /** Pages of the round that was under way. */
  readonly unsent: readonly number[]
  /** Stops the guest here. */
  stop(): void
}

/**
 * The point of no return, once core has it on file: in one event the guest stops here, and can run there. The rest of its
 * pages follows by itself, whoever asks for it.
 */
export async function turnToPostCopy({ at, file, stream, call, unsent, stop }: Turn): Promise<void> {
  const { guest, domain } = file
  const { signal } = call
  await unlessAborted(call.permit('postcopy'), signal, 'the copying')
  await stream.link.passable(signal)
  if (signal.aborted) throw abortError(signal, 'the copying')
  refuseFenced(at, domain, call.epoch)
  catchUp(guest, at.world.now())
  const rest = new Set([...unsent, ...guest.memory.takeDirty()])
  stream.verify()
  stream.turn?.(guest.memory.registers, rest)
  file.rest = rest
  stop()
  push(at, file, stream)
}

/** Sends the rest over a new stream, after the one before was lost. Nothing is sent twice at the same time. */
export async function pushAgain(
  at: TestHost,
  file: OutgoingFile,
  ticket: Ticket,
  { signal }: EffectOptions,
): Promise<void> {
  file.pushing?.abort()
  file.pushing = null
  push(at, file, await at.wire.open(at.host, ticket, file.migration, signal))
}

/** Waits until the last page has arrived. VM_PHASE_FAILED once nothing sends it any more. */
export async function drained(at: TestHost, file: OutgoingFile, call: EffectOptions): Promise<void> {
  const { guest } = file
  const { pages, pageBytes } = guest.memory
  for (;;) {
    const left = file.rest?.size ?? 0
    if (at.capabilities.progress !== 'none')
      call.onProgress?.({
        type: 'transfer',
        round: 1,
        bytes: file.pushedBytes,
        remainingBytes: left * pageBytes,
        totalBytes: pages * pageBytes,
      })
    if (left === 0) return
    if (!file.pushing) {
      const why = isAlive(guest) ? 'the link was lost' : 'its process is gone'
      const message = `${left} pages of '${guest.name}' on ${guest.host} are not sent: ${why}`
      throw vmError('VM_PHASE_FAILED', message, { host: guest.host, phase: 'drain' })
    }
    await sleep(at.world.clock, PACE, call.signal)
  }
}

/** Sends page after page in its own time, until none is left or the stream breaks. */
function push(at: TestHost, file: OutgoingFile, stream: Stream): void {
  const { world } = at
  const { guest, limits } = file
  const { memory } = guest
  const end = new AbortController()
  const send = async (): Promise<void> => {
    for (const page of file.rest ?? []) {
      const rate = Math.min(stream.link.bytesPerSecond, limits.bandwidth || Number.POSITIVE_INFINITY)
      await sleep(world.clock, (memory.pageBytes * 1000) / rate, end.signal)
      await stream.link.passable(end.signal)
      if (!isAlive(guest)) throw brokenStream(guest.host, stream.link.to, 'the process is gone')
      await stream.page(page, memory.read(page))
      file.rest?.delete(page)
      file.pushedBytes += memory.pageBytes
    }
    file.sent = true
  }
  file.pushing = end
  const over = (): void => {
    stream.close()
    if (file.pushing === end) file.pushing = null
  }
  send().then(over, over)
}
