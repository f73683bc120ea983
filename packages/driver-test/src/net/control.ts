import { type ConnectionUri, type DriverConnection, type EffectOptions, vmError } from '@vmferry/core/driver'
import { connectTest } from '../connection.ts'
import type { TestHost } from '../test-host.ts'
import { errorOf, failureOf } from './failure.ts'
import { HALF_DATA, type Half, type HalfView } from './half.ts'
import type { LineListener, LineSocket } from './line-socket.ts'
import { greeting, messageOf } from './message.ts'
import { type Arguments, CONNECTION_METHODS, HALF_MAKERS, HALF_METHODS } from './methods.ts'

/** Most calls that are under way and most halves that are held for one connection. */
const MOST_CALLS = 256
const MOST_HALVES = 10_000

/**
 * Serves a connection of the driver in memory over a socket. When the socket ends, so does the connection; what is under
 * way goes on as far as its fencing lets it, as on a host whose controller is gone.
 */
export async function serveControl(
  uri: ConnectionUri,
  place: Omit<TestHost, 'session'>,
  lines: LineSocket,
): Promise<LineListener> {
  const connection = await connectTest(uri, place, { signal: new AbortController().signal })
  const { hostId, hypervisor } = connection
  const calls = new Map<number, AbortController>()
  const halves: Half[] = []
  const say = (message: object): void => {
    lines.write(JSON.stringify(message))
  }
  lines.write(greeting({ hostId, hypervisor }))

  return {
    line(text) {
      const { id, abort, method, half, given, migration, epoch } = messageOf(text)
      if (typeof id !== 'number') throw vmError('VM_PROTOCOL', 'a call without a number')
      if (abort !== undefined) return calls.get(id)?.abort(errorOf(abort))
      if (calls.has(id)) throw vmError('VM_PROTOCOL', `two calls with the number ${id}`)
      if (calls.size >= MOST_CALLS) {
        const busy = vmError('VM_BUSY', `${calls.size} calls of this connection are under way already`)
        return say({ id, error: failureOf(busy) })
      }
      const stop = new AbortController()
      calls.set(id, stop)
      const call: EffectOptions = {
        signal: stop.signal,
        migration: String(migration),
        epoch: Number(epoch),
        permit: () => Promise.reject(vmError('VM_UNSUPPORTED', 'a test host has no post-copy')),
        onProgress(progress) {
          if (calls.has(id)) say({ id, progress })
        },
      }
      const on = half === undefined ? connection : halves[Number(half)]
      const handed = (Array.isArray(given) ? given : []) as unknown as Arguments
      const conclude = (answer: object): void => {
        calls.delete(id)
        say({ id, ...answer })
      }
      answered(on, halves, String(method), handed, call)
        .then((value) => conclude({ value }))
        .catch((error: unknown) => conclude({ error: failureOf(error) }))
    },
    closed() {
      connection.close().catch(() => {})
    },
  }
}

/** The answer of a method, if it is one that may be called and that is there. */
async function answered(
  on: DriverConnection | Half | undefined,
  halves: Half[],
  name: string,
  given: Arguments,
  call: EffectOptions,
): Promise<unknown> {
  if (on && 'domains' in on) {
    const maker = HALF_MAKERS.get(name)
    if (maker) return held(halves, (await maker(on, given, call)) as Half)
    const method = CONNECTION_METHODS.get(name)
    if (method) return method(on, given, call)
  } else if (on) {
    const answer = HALF_METHODS.get(name)?.(on, given, call)
    if (answer) return answer
  }
  throw vmError('VM_PROTOCOL', `there is nothing to call by the name '${name.slice(0, 60)}'`)
}

function held(halves: Half[], half: Half): HalfView {
  if (halves.length >= MOST_HALVES) throw vmError('VM_BUSY', 'this connection holds too many migrations')
  const members = [...HALF_METHODS.keys()].filter((name) => Object.hasOwn(half, name))
  const data = Object.fromEntries(
    HALF_DATA.flatMap((name) => (half[name] === undefined ? [] : [[name, half[name]]])),
  )
  return { half: halves.push(half) - 1, members, data }
}
