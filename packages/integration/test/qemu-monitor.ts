import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type QmpClient, qmp } from '@vmferry/qmp'
import { onTestFinished } from 'vitest'
import type { TwoRooms } from './qemu-guests.ts'

/** The monitor of the one guest in a room that is there for whoever asks. */
export async function spareMonitor(rooms: TwoRooms, room: 'a' | 'b'): Promise<QmpClient> {
  const socket = connect(join(await guestFolder(rooms, room), 'spare.sock'))
  await once(socket, 'connect')
  const monitor = await qmp(socket)
  onTestFinished(() => monitor.close())
  return monitor
}

/** Its folder. */
export async function guestFolder(rooms: TwoRooms, room: 'a' | 'b'): Promise<string> {
  const [id = ''] = await rooms.left(room)
  return join(rooms.folder, room, id)
}
