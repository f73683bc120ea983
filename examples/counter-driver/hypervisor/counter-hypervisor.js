#!/usr/bin/env node
/**
 * A made-up hypervisor: `counter-hypervisor.js SOCKET [ADDRESS]`. It holds guests that count, and answers commands on a UNIX
 * socket, one a line: `ok JSON`, or `no CODE WORDS`. Copies of guests come in by TCP on ADDRESS, 127.0.0.1 if none is given.
 */
import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { createGuest } from './guest.js'
import { startReceiving } from './receiving.js'
import { startSending } from './sending.js'

const [, , path = 'counter.sock', address = '127.0.0.1'] = process.argv
const id = randomUUID()

/** @type {Map<string, import('./guest.js').Guest>} */
const guests = new Map()
/** @type {Map<import('./guest.js').Guest, import('./sending.js').Sending>} */
const sendings = new Map()
/** @type {Map<import('./guest.js').Guest, Awaited<ReturnType<typeof startReceiving>>>} */
const receivings = new Map()

// claims outlive this process: an old controller must not come back with it
const claims = `${path}.claims`
const epochs = /** @type {Record<string, number>} */ (
  existsSync(claims) ? JSON.parse(readFileSync(claims, 'utf8')) : {}
)

/** @type {(code: string, words: string) => never} */
const refuse = (code, words) => {
  throw Object.assign(new Error(words), { code })
}
/** @param {string} name */
const named = (name) => guests.get(name) ?? refuse('missing', `there is no guest '${name}'`)

/** @param {string} name @param {string} epoch */
const refuseStale = (name, epoch) => {
  const held = epochs[name] ?? 0
  if (Number(epoch) < held) refuse('stale', `the epoch of '${name}' is ${held}, the command has ${epoch}`)
}
/** The guest, if it is that migration's and the epoch is not old. @type {(...words: string[]) => import('./guest.js').Guest} */
const own = (name = '', migration = '', epoch = '') => {
  refuseStale(name, epoch)
  const guest = named(name)
  return guest.migration === migration ? guest : refuse('missing', `'${name}' is not of ${migration}`)
}
/** @param {import('./guest.js').Guest} guest */
const end = (guest) => {
  guest.end()
  receivings.get(guest)?.end()
  guests.delete(guest.name)
  return sendings.get(guest)?.cancel()
}

/** What each command does with the words that follow it. @type {Record<string, (...words: string[]) => unknown>} */
const commands = {
  about: () => ({ version: 'counter 1.0', id }),
  list: () =>
    [...guests.values()].map(({ name, uuid, bytes, state, migration, held, complete }) => {
      return { name, uuid, bytes, state, migration, held, complete }
    }),
  start(name = '', bytes = '', state = 'running') {
    if (guests.has(name)) refuse('taken', `there is a guest '${name}' already`)
    const guest = createGuest({ name, uuid: randomUUID(), bytes: Number(bytes) })
    guests.set(name, guest)
    guest.boot()
    guest.become(state === 'paused' ? 'paused' : 'running')
  },
  look: (name = '') => guests.get(name)?.look() ?? null,
  kill: (name = '') => end(named(name)),

  claim(name = '', epoch = '') {
    const held = epochs[name] ?? 0
    if (Number(epoch) <= held) refuse('stale', `the epoch of '${name}' is ${held}, not lower than ${epoch}`)
    epochs[name] = Number(epoch)
    writeFileSync(claims, JSON.stringify(epochs))
  },

  // what follows is for migrations: NAME MIGRATION EPOCH …
  fence: (name = '', _migration = '', epoch = '') => refuseStale(name, epoch),
  hold(name = '', migration = '', epoch = '') {
    refuseStale(name, epoch)
    const guest = named(name)
    if (guest.held && guest.migration !== migration) refuse('held', `${guest.migration} holds '${name}'`)
    if (guest.migration !== migration) sendings.delete(guest)
    Object.assign(guest, { held: true, migration })
  },
  async receive(name = '', migration = '', epoch = '', uuid = '', bytes = '', port = '0') {
    refuseStale(name, epoch)
    const there = guests.get(name)
    if (there && there.migration !== migration) refuse('taken', `there is a guest '${name}' already`)
    const guest = there ?? createGuest({ name, uuid, bytes: Number(bytes) })
    Object.assign(guest, { held: true, migration })
    guests.set(name, guest)
    try {
      const receiving = receivings.get(guest) ?? (await startReceiving(guest, address, Number(port)))
      receivings.set(guest, receiving)
      return { port: receiving.port }
    } catch (error) {
      await end(guest)
      throw error
    }
  },
  async send(name = '', migration = '', epoch = '', host = '', port = '', rate = '0', live = '') {
    const guest = own(name, migration, epoch)
    if (sendings.get(guest)?.state === 'active') refuse('held', `'${name}' is being sent`)
    const sending = startSending(guest, {
      host,
      port: Number(port),
      rate: Number(rate),
      live: live === 'live',
    })
    sendings.set(guest, sending)
    if (!(await sending.connected)) refuse('failed', `${host} port ${port}: ${sending.words()}`)
  },
  limit(name = '', migration = '', epoch = '', rate = '0') {
    const sending = sendings.get(own(name, migration, epoch))
    if (sending) sending.rate = Number(rate)
  },
  progress(name = '') {
    const sending = sendings.get(named(name))
    if (!sending) return null
    const { state, round, bytes, remaining, stoppedAt, endedAt } = sending
    const stoppedMs = stoppedAt === null ? null : (endedAt ?? performance.now()) - stoppedAt
    return { state, round, bytes, remaining, stoppedMs, words: sending.words() }
  },
  async cancel(name = '', migration = '', epoch = '') {
    const sending = sendings.get(own(name, migration, epoch))
    await sending?.cancel()
    return sending?.state ?? null
  },
  /** Runs the copy that is held, or leaves it paused, and lets go of it. */
  run(name = '', migration = '', epoch = '', state = '') {
    const guest = own(name, migration, epoch)
    if (!guest.held) return
    if (!guest.complete) refuse('failed', `'${name}' is not here whole`)
    guest.held = false
    if (guest.state !== state) guest.become(state === 'paused' ? 'paused' : 'running')
  },
  /** Ends the copy that is this migration's; one that is not there is no error. */
  end(name = '', migration = '', epoch = '') {
    refuseStale(name, epoch)
    const guest = guests.get(name)
    return guest?.migration === migration ? end(guest) : undefined
  },
}

/** @param {string} line */
async function answer(line) {
  const [command = '', ...words] = line.split(' ')
  try {
    if (!Object.hasOwn(commands, command)) refuse('unknown', `there is no command '${command}'`)
    return `ok ${JSON.stringify((await commands[command]?.(...words)) ?? null)}`
  } catch (error) {
    const { code, message } = /** @type {Error & { code: string }} */ (error)
    return `no ${/^[a-z]+$/.test(code) ? code : 'failed'} ${message}`
  }
}

createServer((socket) => {
  socket.on('error', () => {})
  createInterface({ input: socket }).on('line', (line) => {
    void answer(line).then((text) => socket.writable && socket.write(`${text}\n`))
  })
}).listen(path, () => process.send?.('listening'))

// a test that starts it takes it along when it ends, however that comes
process.once('disconnect', () => process.exit())
