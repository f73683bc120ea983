import { once } from 'node:events'
import { chmod, lstat, unlink } from 'node:fs/promises'
import { createConnection, createServer, type Socket } from 'node:net'
import { vmError } from '@vmferry/core/driver'
import { acceptQueue, type Listening } from './accept-queue.ts'
import { systemError } from './system-error.ts'

/** Connects to a UNIX socket of this machine. */
export async function dialHere(path: string, stop: AbortSignal): Promise<Socket> {
  const socket = createConnection({ path, allowHalfOpen: true })
  const cut = (): unknown => socket.destroy()
  stop.addEventListener('abort', cut)
  try {
    await once(socket, 'connect')
    // The one that dials may be late in listening for errors; 'close' follows in any case.
    socket.on('error', () => {})
    return socket
  } catch (error) {
    const { code, message } = systemError(error)
    const missing = code === 'ENOENT'
    throw vmError(
      missing ? 'VM_NOT_FOUND' : 'VM_CONNECTION',
      missing ? `there is no socket ${path} on localhost` : `nothing can be reached at ${path} on localhost`,
      { host: 'localhost', causes: [{ host: 'localhost', words: message }], cause: error },
    )
  } finally {
    stop.removeEventListener('abort', cut)
  }
}

/** Listens on a UNIX socket of this machine; one that a dead process left is replaced. */
export async function listenHere(path: string, stop: AbortSignal): Promise<Listening> {
  try {
    return await bind(path)
  } catch (error) {
    if (systemError(error).code !== 'EADDRINUSE') throw unbound(path, error)
  }
  await removeStale(path, stop)
  return bind(path).catch((error: unknown) => {
    throw unbound(path, error)
  })
}

async function bind(path: string): Promise<Listening> {
  const accepted = acceptQueue()
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket))
  server.listen(path)
  await once(server, 'listening')
  await chmod(path, 0o600)
  return {
    accepted,
    async close() {
      accepted.end()
      // Not awaited: it would wait for connections that belong to others by now. The socket's file goes at once.
      server.close()
    },
  }
}

async function removeStale(path: string, stop: AbortSignal): Promise<void> {
  const answered = await dialHere(path, stop).then(
    (socket) => !!socket.destroy(),
    () => false,
  )
  if (answered) {
    throw vmError('VM_BUSY', `somebody listens on ${path} on localhost already`, { host: 'localhost' })
  }
  const found = await lstat(path).catch(() => null)
  if (found?.isSocket() === true) await unlink(path)
}

function unbound(path: string, error: unknown): Error {
  return vmError('VM_PHASE_FAILED', `cannot listen on ${path} on localhost`, {
    host: 'localhost',
    remedy: 'its folder must exist and be writable, and the path must not be a file',
    causes: [{ host: 'localhost', words: systemError(error).message }],
    cause: error,
  })
}
