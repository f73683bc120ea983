import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PAGE } from './guest.js'

/** Stands where a page's number would: all is sent. */
export const END = 0xffffffff

/** Bytes per second if nobody asks for less, pages in a portion, seconds that a guest may be stopped, most rounds. */
const FULL_SPEED = 40 * 1024 ** 2
const PORTION = 16
const DOWNTIME = 0.1
const ROUNDS = 30

/**
 * @typedef {ReturnType<typeof startSending>} Sending
 * @typedef {{ host: string, port: number, rate: number, live: boolean }} Way
 */

/**
 * Pre-copy: all pages, then those that were written meanwhile, until the rest fits the downtime; then the guest is stopped
 * and the rest goes over. It stays stopped: whether it runs again is not decided here.
 *
 * @param {import('./guest.js').Guest} guest
 * @param {Way} way
 */
export function startSending(guest, { host, port, rate, live }) {
  const socket = connect({ host, port })
  const stop = new AbortController()
  const { signal } = stop
  let words = ''
  socket.on('error', (error) => {
    words = error.message
  })
  socket.once('close', () => stop.abort())

  const sending = {
    /** @type {'connecting' | 'active' | 'completed' | 'failed' | 'cancelled'} */
    state: 'connecting',
    rate,
    round: 0,
    bytes: 0,
    remaining: guest.bytes,
    /** @type {number | null} */
    stoppedAt: null,
    /** @type {number | null} */
    endedAt: null,
    words: () => words,
    /** Resolves when it is known whether there is a connection. */
    connected: once(socket, 'connect', { signal }).then(
      () => true,
      () => false,
    ),
    ended: Promise.resolve(),
    cancel() {
      if (sending.state === 'connecting' || sending.state === 'active') sending.state = 'cancelled'
      socket.destroy()
      return sending.ended
    },
  }
  const speed = () => sending.rate || FULL_SPEED
  const stopGuest = () => {
    if (guest.state !== 'running') return
    guest.become('stopped')
    sending.stoppedAt = performance.now()
  }

  const sendAll = async () => {
    if (!(await sending.connected)) throw new Error(words)
    sending.state = 'active'
    if (!live) stopGuest()
    guest.markAll()
    let due = performance.now()
    do {
      sending.round += 1
      const pages = guest.takeDirty()
      for (let next = 0; next < pages.length; next += PORTION) {
        const portion = pages.slice(next, next + PORTION)
        const frames = portion.flatMap((number) => [numbered(number), Buffer.from(guest.page(number))])
        if (!socket.write(Buffer.concat(frames))) await once(socket, 'drain', { signal })
        sending.bytes += portion.length * PAGE
        sending.remaining = (pages.length - next - portion.length) * PAGE
        // times are kept absolute, so that a coarse timer does not add up
        due += (portion.length * PAGE * 1000) / speed()
        if (due > performance.now()) await sleep(due - performance.now(), undefined, { signal })
      }
      if (sending.round >= ROUNDS || guest.dirtyBytes() <= speed() * DOWNTIME) stopGuest()
    } while (guest.state === 'running' || guest.dirtyBytes() > 0)
    socket.write(numbered(END))
    await once(socket, 'data', { signal })
    sending.state = 'completed'
  }
  sending.ended = sendAll()
    .catch((/** @type {Error} */ error) => {
      if (sending.state !== 'cancelled') sending.state = 'failed'
      words ||= `the connection to ${host} port ${port} is gone (${error.message})`
    })
    .finally(() => {
      sending.endedAt = performance.now()
      socket.destroy()
    })
  return sending
}

/** @param {number} number */
function numbered(number) {
  const head = Buffer.alloc(4)
  head.writeUInt32LE(number)
  return head
}
