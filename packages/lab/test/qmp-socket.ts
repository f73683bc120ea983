import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline'

/** Just enough QMP to migrate a guest: one command at a time, events by name. */
export interface QmpSocket {
  command(name: string, args?: object): Promise<unknown>
  event(matches: (event: QmpMessage) => boolean): Promise<QmpMessage>
  close(): void
}

export interface QmpMessage {
  readonly event?: string
  readonly data?: { readonly status?: string }
  readonly return?: unknown
  readonly error?: { readonly desc: string }
}

export async function qmpSocket(path: string): Promise<QmpSocket> {
  const socket = connect(path)
  await once(socket, 'connect')
  const seen: QmpMessage[] = []
  const wake = new Set<() => void>()
  socket.on('error', () => {})
  createInterface(socket).on('line', (line) => {
    const message: unknown = JSON.parse(line)
    seen.push(message as QmpMessage)
    for (const look of wake) look()
  })
  let from = 0
  const next = (matches: (message: QmpMessage) => boolean, start: () => number): Promise<QmpMessage> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = seen.findIndex((message, index) => index >= start() && matches(message))
        const message = seen[found]
        if (message === undefined) return
        wake.delete(look)
        if (message.event === undefined) from = found + 1
        resolve(message)
      }
      wake.add(look)
      look()
    })
  const command = async (execute: string, args: object = {}): Promise<unknown> => {
    socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    const isReply = ({ return: value, error }: QmpMessage): boolean =>
      value !== undefined || error !== undefined
    const reply = await next(isReply, () => from)
    if (reply.error !== undefined) throw new Error(`${execute}: ${reply.error.desc}`)
    return reply.return
  }
  await command('qmp_capabilities')
  return { command, event: (matches) => next(matches, () => 0), close: () => socket.destroy() }
}
