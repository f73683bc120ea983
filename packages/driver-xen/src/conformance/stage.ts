import { randomBytes } from 'node:crypto'
import {
  type CallOptions,
  type ConformanceStage,
  type DriverConnection,
  type HostChannel,
  type Side,
  type StageLoan,
  sleep,
  vmError,
} from '@vmferry/core/driver'
import { xen } from '../driver.ts'
import { lookAt } from '../guest/list.ts'
import { AWAY, INCOMING } from '../xl/messages.ts'
import { xl } from '../xl/shell.ts'
import type { XlDomain } from '../xl/table.ts'
import type { GuestCount, XenKitGuest, XenPair } from './index.ts'
import { clearRoom, tracesIn } from './room.ts'

/** Milliseconds that a guest may take until it counts, that one which runs may take until it is heard of, and that xl may take to end one. */
const BOOT_LIMIT = 60_000
const FIRST_WORD = 10_000
const END_LIMIT = 30_000

/** One host of a stage. */
interface Room {
  readonly uri: string
  readonly folder: string
  readonly host: HostChannel
  readonly connection: DriverConnection
}

/** Two run directories, each on its host. */
export async function openXenStage(
  pair: XenPair,
  guest: XenKitGuest,
  loan: StageLoan,
): Promise<ConformanceStage> {
  const { clock } = loan
  const driver = xen()
  const call: CallOptions = { signal: new AbortController().signal }
  const name = `/tmp/vmferry-kit-${randomBytes(4).toString('hex')}`
  const made = new Set<string>()

  const open = async (side: Side): Promise<Room> => {
    const folder = `${name}-${side}`
    const uri = `${pair[side]}?run=${folder}`
    const host = await loan.openHost(pair[side], call)
    await guest.forget?.(host, call)
    return { uri, folder, host, connection: await loan.connect(driver, uri, call) }
  }
  const [source, target] = await Promise.all([open('source'), open('target')])
  const rooms: Readonly<Record<Side, Room>> = { source, target }

  const sight = (side: Side) => lookAt(rooms[side].host, rooms[side].folder, call)
  const copies = async (side: Side, of: string): Promise<XlDomain[]> => {
    const { domains } = await sight(side)
    const names = [of, `${of}${INCOMING}`, `${of}${AWAY}`]
    return names.flatMap((known) => domains.filter((domain) => domain.name === known))
  }
  const counted = (side: Side, of: string) => guest.count(rooms[side].host, of, call)

  /** A guest that has just come may not have said a word on that host. */
  const look: ConformanceStage['look'] = async (side, of) => {
    const deadline = clock.monotonic() + FIRST_WORD
    for (;;) {
      const [domain] = await copies(side, of)
      if (!domain) return null
      const running = domain.state === 'running'
      const count = await counted(side, of)
      if (count || !running || clock.monotonic() > deadline) return { running, ...(count ?? UNHEARD) }
      await sleep(clock, 100)
    }
  }
  const endAll = async (side: Side, ended: (domain: XlDomain) => boolean): Promise<void> => {
    const deadline = clock.monotonic() + END_LIMIT
    for (;;) {
      const left = (await sight(side)).domains.filter(ended)
      if (left.length === 0) return
      if (clock.monotonic() > deadline) throw vmError('VM_TIMEOUT', `xl does not end ${left[0]?.name}`)
      for (const { id } of left) await rooms[side].host.exec(xl('destroy', `${id}`), call)
      await sleep(clock, 50)
    }
  }

  return {
    driver,
    source: rooms.source.uri,
    target: rooms.target.uri,
    guestBytes: guest.bytes,
    migrationUri(transport) {
      if (transport === 'relay') return 'relay:///'
      return transport === null ? pair.targetHost : `${transport}://${pair.targetHost}`
    },
    async start(side, of) {
      const { uuid } = (await rooms[side].connection.lifecycle?.start(of, guest.commandLine, call)) ?? {}
      if (uuid) made.add(uuid)
      const deadline = clock.monotonic() + (guest.bootLimit ?? BOOT_LIMIT)
      while (((await counted(side, of))?.counter ?? 0) === 0) {
        if (clock.monotonic() > deadline) throw vmError('VM_TIMEOUT', `'${of}' does not count`)
        await sleep(clock, 50)
      }
    },
    look,
    async crash(side, of) {
      const { halves } = await sight(side)
      const receiver = halves.find(({ role, name: known }) => role === side && known === of)?.process
      const found = await copies(side, of)
      if (found.length === 0 && !receiver)
        throw vmError('VM_NOT_FOUND', `there is neither a domain '${of}' nor an xl that waits for it`)
      // a copy that has not come yet is the xl that waits for it
      if (side === 'target' && receiver) await rooms[side].host.kill(receiver, 'KILL', call)
      await endAll(side, ({ id }) => found.some((one) => one.id === id))
    },
    traces: (side) => tracesIn(rooms[side].host, rooms[side].folder, call),
    async close() {
      try {
        for (const { host, folder } of Object.values(rooms)) await clearRoom(host, folder, call)
        for (const side of ['source', 'target'] as const) await endAll(side, ({ uuid }) => made.has(uuid))
      } finally {
        // whatever fails, no connection stays open
        for (const { connection, host } of Object.values(rooms)) {
          await connection.close()
          await host.close()
        }
      }
    },
  }
}

const UNHEARD: GuestCount = { counter: 0, intact: true }
