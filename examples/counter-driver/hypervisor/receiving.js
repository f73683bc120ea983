import { once } from 'node:events'
import { createServer } from 'node:net'
import { PAGE } from './guest.js'
import { END } from './sending.js'

/**
 * Listens for one copy, and answers with a byte when all of it is here. The guest stays stopped.
 *
 * @param {import('./guest.js').Guest} guest
 * @param {string} address
 * @param {number} port 0: any that is free
 */
export async function startReceiving(guest, address, port) {
  /** @type {import('node:net').Socket | undefined} */
  let from
  const server = createServer((socket) => {
    server.close()
    from = socket
    takePages(guest, socket).catch(() => socket.destroy())
  })
  server.listen(port, address)
  await once(server, 'listening')
  const bound = /** @type {import('node:net').AddressInfo} */ (server.address())
  return {
    port: bound.port,
    end() {
      server.close()
      from?.destroy()
    },
  }
}

/**
 * @param {import('./guest.js').Guest} guest
 * @param {import('node:net').Socket} socket
 */
async function takePages(guest, socket) {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, /** @type {Buffer} */ (chunk)])
    while (rest.length >= 4) {
      const number = rest.readUInt32LE(0)
      if (number === END) {
        guest.complete = true
        socket.end('k')
        return
      }
      if (number >= guest.pages) throw new Error(`there is no page ${number}`)
      if (rest.length < 4 + PAGE) break
      guest.page(number).set(rest.subarray(4, 4 + PAGE))
      rest = rest.subarray(4 + PAGE)
    }
  }
}
