import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, readdir, readFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFerry, type Ferry, type MigrateOptions } from '@vmferry/core'
import { qemu } from '@vmferry/driver-qemu'
import { local } from '@vmferry/host'
import { fileJournal } from '@vmferry/host/journal'
import { type QmpClient, qmp } from '@vmferry/qmp'
import { describe, expect, onTestFinished, test } from 'vitest'
import { stateOf } from './process-state.ts'
import { COMMAND, qemuProblem, type TwoRooms, twoRooms } from './qemu-guests.ts'

const CONTROLLER = fileURLToPath(new URL('qemu-controller.mjs', import.meta.url))

/** The states of /proc/PID/stat that end the waiting for a controller: stopped, or gone. */
const STILL = { SIGSTOP: /^T/, SIGKILL: /^[ZX]/ } as const

/** A first controller, at the line of its journal where the signal met it. */
async function controllerAt(
  rooms: TwoRooms,
  step: string,
  when: 'before' | 'after',
  signal: 'SIGSTOP' | 'SIGKILL',
  more: MigrateOptions & { readonly deadManLimit?: number } = {},
  command = COMMAND,
) {
  await rooms.here.start('web1', command)
  const journal = join(rooms.folder, 'journal')
  const argv = [
    CONTROLLER,
    rooms.here.uri,
    rooms.there.uri,
    journal,
    step,
    when,
    signal,
    JSON.stringify(more),
  ]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = endOf(child)
  await expect.poll(() => stateOf(child.pid ?? 0), { timeout: 20_000, interval: 20 }).toMatch(STILL[signal])
  return { child, ended, journal }
}

async function endOf(child: ChildProcess): Promise<{ code?: string; outcome?: string }> {
  let words = ''
  child.stdout?.on('data', (chunk) => (words += String(chunk)))
  await once(child, 'close')
  return words === '' ? {} : (JSON.parse(words) as object)
}

/** Another controller, with a journal of its own. */
function another(folder: string): Ferry {
  const ferry = createFerry({ drivers: [qemu()], hosts: [local()], journal: fileJournal({ folder }) })
  onTestFinished(() => ferry.close())
  return ferry
}

/** The sockets of all guests in both rooms on which somebody sits and asks nothing. */
async function sitOnSpareSockets(rooms: TwoRooms): Promise<readonly Socket[]> {
  const paths = (await bothRooms(rooms)).map(({ path }) => join(path, 'spare.sock'))
  return Promise.all(
    paths.map(async (path) => {
      const socket = connect(path)
      await once(socket, 'data')
      return socket
    }),
  )
}

async function bothRooms(rooms: TwoRooms): Promise<{ room: 'a' | 'b'; path: string }[]> {
  const guests = (['a', 'b'] as const).map(async (room) =>
    (await rooms.left(room)).map((id) => ({ room, path: join(rooms.folder, room, id) })),
  )
  return (await Promise.all(guests)).flat()
}

/** The monitor of a guest that is there for whoever only asks. */
async function spareMonitor(guest: string): Promise<QmpClient> {
  const socket = connect(join(guest, 'spare.sock'))
  await once(socket, 'connect')
  return qmp(socket)
}

/** Where a copy runs, as the QEMUs themselves say; and how many QEMUs there are at all. */
async function copies(rooms: TwoRooms): Promise<{ running: string[]; processes: number }> {
  const running: string[] = []
  for (const { room, path } of await bothRooms(rooms)) {
    const monitor = await spareMonitor(path)
    if ((await monitor.execute('query-status')).running) running.push(room)
    await monitor.close()
  }
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  // a QEMU of the lab's is run by its own loader, which has it as a later word
  const isQemu = (line: string): boolean => /^(\S*\/ld-linux\b.*\0)?qemu-system-x86_64\0/.test(line)
  const ours = lines.filter((line) => isQemu(line) && line.includes(rooms.folder))
  return { running, processes: ours.length }
}

/** What the source's QEMU says of its guest and its migration. The target's has ended with the stream. */
async function sourceSays(rooms: TwoRooms): Promise<{ running: boolean; migration: string | undefined }> {
  const [{ path } = { path: '' }] = await bothRooms(rooms)
  const monitor = await spareMonitor(path)
  const { status: migration } = await monitor.execute('query-migrate')
  const { running } = await monitor.execute('query-status')
  await monitor.close()
  return { running, migration }
}

/** One copy runs there, and the other room is as if there had never been one. */
async function expectOnlyIn(rooms: TwoRooms, room: 'a' | 'b'): Promise<void> {
  await expect.poll(() => copies(rooms)).toEqual({ running: [room], processes: 1 })
  expect(await rooms.left(room === 'a' ? 'b' : 'a')).toEqual([])
  const [{ path } = { path: '' }] = await bothRooms(rooms)
  expect(await readdir(path)).not.toContain('outgoing.json')
}

describe.skipIf(qemuProblem !== null)(
  `two controllers of one guest of real QEMU${qemuProblem ? ` (${qemuProblem})` : ''}`,
  () => {
    test.each([
      ['before', 'from its journal', 'a'],
      ['before', 'from the records of the hosts', 'b'],
      ['after', 'from its journal', 'b'],
      ['after', 'from the records of the hosts', 'b'],
    ] as const)(
      'one that froze %s it wrote that it commits is followed by one that recovers %s, and its finish comes too late',
      async (when, how, room) => {
        await using rooms = await twoRooms()
        const { child, ended, journal } = await controllerAt(rooms, 'committing', when, 'SIGSTOP')
        const sockets = await sitOnSpareSockets(rooms)
        expect(sockets).toHaveLength(2)

        const copy = join(rooms.folder, 'journal-2')
        await cp(journal, copy, { recursive: true, filter: (path) => !path.endsWith('.lock') })
        const second = another(how === 'from its journal' ? copy : join(rooms.folder, 'journal-3'))
        const recovered =
          how === 'from its journal'
            ? await second.recover()
            : await (await second.connect(rooms.here.uri)).recover()
        const outcome = room === 'a' ? 'rolledBack' : 'migrated'
        expect(recovered).toMatchObject([{ outcome, pending: [] }])
        for (const socket of sockets) socket.destroy()
        await expectOnlyIn(rooms, room)

        child.kill('SIGCONT')
        expect(await ended).toEqual({ code: 'VM_STALE', outcome: 'inDoubt' })
        await expectOnlyIn(rooms, room)
      },
    )

    describe.each(['claim', 'prepare', 'committing', 'settled'] as const)(
      'a controller that is killed once it has written %s',
      (step) => {
        const room = step === 'committing' || step === 'settled' ? 'b' : 'a'

        test('is followed by one that recovers from its journal: one copy, and nothing is left', async () => {
          await using rooms = await twoRooms()
          const { journal } = await controllerAt(rooms, step, 'after', 'SIGKILL')
          const recovered = await another(journal).recover()
          expect(recovered.map(({ pending }) => pending)).toEqual(step === 'settled' ? [] : [[]])
          await expectOnlyIn(rooms, room)
        })

        test('is followed by one that has only the records of the hosts: one copy, and nothing is left', async () => {
          await using rooms = await twoRooms()
          await controllerAt(rooms, step, 'after', 'SIGKILL')
          const there = await another(join(rooms.folder, 'journal-2')).connect(rooms.here.uri)
          for (const { pending } of await there.recover()) expect(pending).toEqual([])
          await expectOnlyIn(rooms, step === 'claim' || room === 'a' ? 'a' : 'b')
        })
      },
    )

    describe.each([true, false])('a copy (live: %s) whose controller', (live) => {
      const slowly = { live, bandwidth: 1, deadManLimit: 1_000 }
      // from 10.0 on QEMU sends faster than that, and of empty memory it sends a few bytes a page
      const large = [...COMMAND, '-m', '1024']
      // QEMU 7.2 closes the way back before it notes that it cancels: a sender that is quicker calls that a failure
      const runsOn = { running: true, migration: expect.stringMatching(/^(cancelled|failed)$/) }

      test('is killed is cancelled by the source itself, and the guest runs on', async () => {
        await using rooms = await twoRooms()
        const { journal } = await controllerAt(rooms, 'copying', 'after', 'SIGKILL', slowly, large)
        await expect.poll(() => sourceSays(rooms), { timeout: 15_000 }).toEqual(runsOn)
        expect(await another(journal).recover()).toMatchObject([{ outcome: 'rolledBack', pending: [] }])
        await expectOnlyIn(rooms, 'a')
      })

      test('freezes is cancelled by the source itself, and it learns so when it wakes', async () => {
        await using rooms = await twoRooms()
        const { child, ended } = await controllerAt(rooms, 'copying', 'after', 'SIGSTOP', slowly, large)
        await expect.poll(() => sourceSays(rooms), { timeout: 15_000 }).toEqual(runsOn)
        child.kill('SIGCONT')
        expect(await ended).toEqual({ code: 'VM_PHASE_FAILED', outcome: 'rolledBack' })
        await expectOnlyIn(rooms, 'a')
      })
    })
  },
)
