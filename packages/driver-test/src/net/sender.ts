import { abortError, type Clock, isVmError, type VmError, vmError } from '@vmferry/core/driver'
import { brokenStream, type Stream } from '../stream.ts'
import type { World } from '../world.ts'
import { type Address, addressText } from './address.ts'
import { dial } from './dial.ts'
import { errorOf } from './failure.ts'
import { messageOf } from './message.ts'

/** Bytes of the longest line of filler, with its end. */
const CHUNK = 64 * 1024
const FILLER = '-'.repeat(CHUNK - 1)

/** What is sent where. */
export interface Sending {
  readonly world: World
  readonly clock: Clock
  /** The name of the source. */
  readonly from: string
  readonly address: Address
  readonly migration: string
  readonly signal: AbortSignal
}

/** Opens a stream over a socket. What a page has more than its real words is filler: as many bytes as the page has go over. */
export async function sender(sending: Sending): Promise<Stream> {
  const { world, clock, from, address, migration, signal } = sending
  const to = addressText(address)
  let over: VmError | null = null
  const broken = (why: VmError): VmError =>
    signal.aborted ? abortError(signal, 'the copying') : brokenStream(from, to, why.message)
  let arrived = (): void => {}
  let lost = (_reason: VmError): void => {}
  const loaded = new Promise<void>((resolve, reject) => {
    arrived = resolve
    lost = reject
  })
  loaded.catch(() => {})
  const { answer, lines } = await dial(
    address,
    { for: 'stream', migration },
    {
      line(text) {
        const message = messageOf(text)
        if (message['error'] !== undefined) throw errorOf(message['error'])
        if (message['loaded'] === true) arrived()
      },
      closed(reason) {
        over = reason
        lost(reason)
      },
    },
    clock,
    { signal },
  ).catch((error: unknown) => {
    throw isVmError(error) ? broken(error) : error
  })
  const link = world.link(from, typeof answer['host'] === 'string' ? answer['host'] : to)
  const resets = link.resets
  const stop = (): void => lines.close(abortError(signal, 'the copying'))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()

  const verify = (): void => {
    if (over) throw broken(over)
    if (link.resets !== resets) throw brokenStream(from, to, 'connection reset by peer')
  }
  const write = async (line: string): Promise<void> => {
    verify()
    lines.write(line)
    await lines.drained()?.catch((error: VmError) => {
      throw broken(error)
    })
  }
  /** Bytes that lines with pages have had already of what is to be carried. */
  let ahead = 0
  return {
    link,
    verify,
    async carry(bytes) {
      const had = Math.min(ahead, bytes)
      ahead -= had
      for (let left = bytes - had; left > 0; left -= CHUNK) await write(FILLER.slice(0, left - 1))
    },
    page(number, words) {
      const line = JSON.stringify({ page: number, words: [...words] })
      ahead += line.length + 1
      return write(line)
    },
    async end(registers) {
      await write(JSON.stringify({ end: registers }))
      await loaded.catch((error: VmError) => {
        throw broken(error)
      })
    },
    close() {
      signal.removeEventListener('abort', stop)
      lines.close(vmError('VM_CONNECTION', 'the stream has ended'))
    },
  }
}
