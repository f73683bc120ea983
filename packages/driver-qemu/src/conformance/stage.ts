import { randomBytes } from 'node:crypto'
import {
  type CallOptions,
  type ConformanceStage,
  type DriverConnection,
  type HostChannel,
  isVmError,
  type Side,
  type StageLoan,
  sleep,
  vmError,
} from '@vmferry/core/driver'
import { qemu } from '../driver.ts'
import { type Guest, listGuests } from '../guest/list.ts'
import { openMonitor } from '../guest/process.ts'
import { COUNT_IMAGE, countIn, FILLED_BYTES, MEMORY_MIB, SHOW_COUNT } from './guest.ts'
import type { QemuPair } from './index.ts'

/** Milliseconds that a guest may take to boot. */
const BOOT_LIMIT = 30_000

/** Lists files below a folder but those that stay by design, whose names begin with a dot, and processes that have it in their command line. It comes on standard input, so as not to find itself. */
const traces = (folder: string): string => `
find ${folder} -mindepth 1 -name '.*' -prune -o -mindepth 1 -print 2>/dev/null | sort
for p in /proc/[0-9]*; do
  case $(tr '\\0' ' ' <"$p/cmdline" 2>/dev/null) in
    *${folder}/*) echo "process \${p#/proc/}: $(tr '\\0' ' ' <"$p/cmdline")";;
  esac
done
exit 0
`

/** One host of a stage. */
interface Room {
  readonly uri: string
  readonly folder: string
  readonly host: HostChannel
  readonly connection: DriverConnection
}

/** Two run directories, each on its host, with a guest image beside them, and for tls a key. */
export async function openQemuStage(
  pair: QemuPair,
  binary: string,
  loan: StageLoan,
): Promise<ConformanceStage> {
  const driver = qemu()
  const call: CallOptions = { signal: new AbortController().signal }
  const name = `/tmp/vmferry-kit-${randomBytes(4).toString('hex')}`
  const image = `${name}.img`
  // a key that both know asks for no program to make certificates
  const secured = loan.transport === 'tls'
  const key = `qemu:${randomBytes(32).toString('hex')}\n`

  const open = async (side: Side): Promise<Room> => {
    const folder = `${name}-${side}`
    const keys = `${folder}-keys`
    const uri = `${pair[side]}?run=${folder}${secured ? `&tls=${keys}` : ''}`
    const host = await loan.openHost(pair[side], call)
    try {
      if (secured) await host.writeFile(`${keys}/keys.psk`, key, call)
      await host.writeFile(image, Buffer.from(COUNT_IMAGE, 'base64'), call)
      return { uri, folder, host, connection: await loan.connect(driver, uri, call) }
    } catch (error) {
      await host.close()
      throw error
    }
  }
  const opening = [open('source'), open('target')] as const
  const [source, target] = await Promise.all(opening).catch(async (error: unknown) => {
    const rooms = await Promise.allSettled(opening)
    for (const room of rooms) if (room.status === 'fulfilled') await left(room.value)
    throw error
  })
  const rooms: Readonly<Record<Side, Room>> = { source, target }

  const find = async (side: Side, guest: string): Promise<Guest | null> => {
    const { host, folder } = rooms[side]
    const guests = await listGuests(host, folder, call)
    return guests.find(({ definition, alive }) => definition.name === guest && alive) ?? null
  }
  const look: ConformanceStage['look'] = async (side, guest) => {
    for (let tries = 1; ; tries += 1) {
      try {
        const found = await find(side, guest)
        return found && (await lookAt(rooms[side].host, found, call))
      } catch (error) {
        // its folder may go while it is read
        if (!isVmError(error, 'VM_PROTOCOL') || tries === 5) throw error
        await sleep(loan.clock, 20)
      }
    }
  }

  return {
    driver,
    source: rooms.source.uri,
    target: rooms.target.uri,
    guestBytes: FILLED_BYTES,
    migrationUri(transport) {
      if (transport === 'unix') return `unix://${rooms.target.folder}/any.sock`
      if (transport === 'relay') return 'relay:///'
      if (pair.targetHost === null) return null
      return transport === null ? pair.targetHost : `${transport}://${pair.targetHost}`
    },
    async start(side, guest, state) {
      const argv = [binary, ...MACHINE, '-m', `${MEMORY_MIB}`, '-kernel', image]
      await rooms[side].connection.lifecycle?.start(guest, argv, call)
      const deadline = loan.clock.monotonic() + BOOT_LIMIT
      while (((await look(side, guest))?.counter ?? 0) === 0) {
        if (loan.clock.monotonic() > deadline) throw vmError('VM_TIMEOUT', `'${guest}' does not count`)
        await sleep(loan.clock, 20)
      }
      if (state === 'paused') await tell(rooms[side].host, await find(side, guest), 'stop', call)
    },
    look,
    async crash(side, guest) {
      const found = await find(side, guest)
      const { host } = rooms[side]
      if (!found?.process) throw vmError('VM_NOT_FOUND', `there is no process of '${guest}' at the ${side}`)
      await host.kill(found.process, 'KILL', call)
      while ((await host.probe(found.process, call)) === 'alive') await sleep(loan.clock, 10)
    },
    async traces(side) {
      const { host, folder } = rooms[side]
      const { stdout } = await host.exec(['sh', '-s'], { ...call, input: traces(folder) })
      return stdout.split('\n').filter((line) => line !== '')
    },
    async close() {
      const ends = await Promise.allSettled(Object.values(rooms).map((room) => cleared(room, image)))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    },
  }
}

/** Nothing is left on the host, and whatever fails, no connection stays open. */
async function cleared({ connection, host, folder }: Room, image: string): Promise<void> {
  const call: CallOptions = { signal: new AbortController().signal }
  try {
    for (const { process } of await listGuests(host, folder, call))
      if (process) await host.kill(process, 'KILL', call)
    for (const path of [folder, `${folder}-keys`, image]) await host.remove(path, call)
  } finally {
    await left({ connection, host })
  }
}

async function left({ connection, host }: Pick<Room, 'connection' | 'host'>): Promise<void> {
  await connection.close()
  await host.close()
}

const MACHINE = ['-accel', 'tcg', '-machine', 'pc', '-nodefaults', '-display', 'none']

/** What QEMU itself says of a guest, over the monitor that is there for whoever asks. */
async function lookAt(host: HostChannel, { folder }: Guest, call: CallOptions) {
  const monitor = await openMonitor(host, folder.spareMonitor, call).catch(() => null)
  if (!monitor) return null
  try {
    const [{ running }, shown] = await Promise.all([
      monitor.execute('query-status', {}, call),
      monitor.raw('human-monitor-command', { 'command-line': SHOW_COUNT }, call),
    ])
    const seen = typeof shown === 'string' ? countIn(shown) : null
    if (!seen) throw vmError('VM_PROTOCOL', `QEMU shows no count: ${JSON.stringify(shown)}`)
    return { running, ...seen }
  } catch (error) {
    // it may end while it is looked at
    if (isVmError(error, 'VM_CONNECTION')) return null
    throw error
  } finally {
    await monitor.close()
  }
}

async function tell(
  host: HostChannel,
  guest: Guest | null,
  command: string,
  call: CallOptions,
): Promise<void> {
  if (!guest) return
  const monitor = await openMonitor(host, guest.folder.spareMonitor, call)
  await monitor.raw(command, {}, call)
  await monitor.close()
}
