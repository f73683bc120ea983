import type { Duplex } from 'node:stream'
import { type Dial, type EffectOptions, type HostChannel, isVmError } from '@vmferry/core/driver'

/** The way of the stream through this controller. */
export interface Relay {
  /** Why a connection could not be carried on, in the words of the error; empty: none failed. */
  words(): string
  /** Takes no more connections, and removes the socket. Those that are open end by themselves. */
  end(): Promise<void>
}

/**
 * Listens on a socket at the source, and carries each connection that comes to the target's endpoint. They arrive there in
 * the order in which they came: of several QEMU takes the first for the main one. Each direction waits for the other end to
 * take what was sent, and a close or a failure at one end is one at the other.
 */
export async function openRelay(
  host: HostChannel,
  socket: string,
  endpoint: string,
  dial: Dial,
  call: EffectOptions,
): Promise<Relay> {
  const arrivals = (await host.listen(socket, call))[Symbol.asyncIterator]()
  const failures: string[] = []
  const failed = (error: unknown): void => {
    if (isVmError(error) && error.code !== 'VM_ABORTED') failures.push(error.message)
  }
  const carry = async (): Promise<void> => {
    for (;;) {
      const next = await arrivals.next()
      if (next.done) return
      await onward(next.value, endpoint, dial).catch(failed)
    }
  }
  void carry().catch(failed)
  return {
    words: () => failures.join('; '),
    async end() {
      await arrivals.return?.()
    },
  }
}

async function onward(near: Duplex, endpoint: string, dial: Dial): Promise<void> {
  near.on('error', () => {})
  const far = await dial(endpoint).catch((error: unknown) => {
    near.destroy()
    throw error
  })
  far.on('error', () => {})
  near.on('close', () => far.destroy())
  far.on('close', () => near.destroy())
  near.pipe(far).pipe(near)
}
