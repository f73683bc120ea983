import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, createFerry, type Ferry } from '@vmferry/core'
import { qemu } from '@vmferry/driver-qemu'
import { local } from '@vmferry/host'

/** What keeps these tests from running here; null: nothing. */
export const qemuProblem: string | null = (process.env['PATH'] ?? '')
  .split(':')
  .some((folder) => existsSync(join(folder, 'qemu-system-x86_64')))
  ? null
  : 'qemu-system-x86_64 is not installed'

/** A QEMU that only boots its firmware: enough for everything but a witness. */
export const COMMAND: readonly string[] = [
  'qemu-system-x86_64',
  '-accel',
  'tcg',
  '-machine',
  'pc',
  '-m',
  '64',
  '-nodefaults',
  '-display',
  'none',
]

/** Two run directories on this machine, each with a connection. */
export interface TwoRooms extends AsyncDisposable {
  readonly ferry: Ferry
  readonly here: Connection
  readonly there: Connection
  readonly folder: string
  /** What is left below a room. */
  left(room: 'a' | 'b'): Promise<string[]>
  /** The pid of the one guest in a room. */
  pidIn(room: 'a' | 'b'): Promise<number>
}

export async function twoRooms(): Promise<TwoRooms> {
  const folder = await mkdtemp(join(tmpdir(), 'vmferry-'))
  const ferry = createFerry({ drivers: [qemu()], hosts: [local()] })
  const here = await ferry.connect(`qemu:///session?run=${folder}/a`)
  const there = await ferry.connect(`qemu:///session?run=${folder}/b`)
  // what begins with a dot stays: the epochs, which keep an old controller out, and what QEMUs said of themselves
  const left = async (room: 'a' | 'b'): Promise<string[]> =>
    (await readdir(join(folder, room)).catch(() => [])).filter((name) => !name.startsWith('.'))
  return {
    ferry,
    here,
    there,
    folder,
    left,
    async pidIn(room) {
      const [id = ''] = await left(room)
      return Number((await readFile(join(folder, room, id, 'process'), 'utf8')).split(' ')[0])
    },
    async [Symbol.asyncDispose]() {
      for (const room of [here, there])
        for (const { name } of await room.domains()) await room.stop(name, { force: true })
      await ferry.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
