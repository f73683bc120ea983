import { once } from 'node:events'
import { connect } from 'node:net'

/** Writes bytes into a guest's memory through QEMU's gdb stub at the UNIX socket `path`; the guest stands still meanwhile. */
export async function pokeMemory(path: string, address: number, bytes: Uint8Array): Promise<void> {
  const socket = connect(path).setEncoding('latin1')
  await once(socket, 'connect')
  let text = ''
  socket.on('data', (chunk: string) => {
    text += chunk
  })
  const request = async (body: string): Promise<void> => {
    text = ''
    const sum = Buffer.from(body, 'latin1').reduce((total, byte) => (total + byte) % 256, 0)
    socket.write(`$${body}#${sum.toString(16).padStart(2, '0')}`)
    while (!text.includes('$OK#9a')) await once(socket, 'data')
    socket.write('+')
  }
  const hex = Buffer.from(bytes).toString('hex')
  await request(`M${address.toString(16)},${bytes.length.toString(16)}:${hex}`)
  await request('D')
  socket.destroy()
}
