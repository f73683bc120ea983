import { type Duplex, duplexPair } from 'node:stream'
import { type QmpClient, type QmpOptions, qmp } from '../src/index.ts'
import type { Recorded } from './recording.ts'

export const GREETING =
  '{"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, "package": "Debian 1:7.2+dfsg-7+deb12u18+b3"}, "capabilities": ["oob"]}}\r\n'

/** A command as the monitor sees it. */
export interface HeardCommand {
  readonly name: string
  readonly oob: boolean
  readonly id: string
  readonly args: unknown
  /** The line itself. */
  readonly text: string
}

/** QEMU's end of a monitor socket, in the hand of a test. */
export interface FakeMonitor {
  /** The client's end. */
  readonly stream: Duplex
  /** Sends these bytes, as one chunk. */
  say(bytes: string | Uint8Array): void
  /** The next command that the client has sent. */
  next(): Promise<HeardCommand>
  /** How many commands were heard and not yet taken by `next`. */
  readonly heard: number
  /** Answers a command. */
  answer(command: HeardCommand, value?: unknown): void
  /** Greets and negotiates. */
  connect(options?: QmpOptions): Promise<QmpClient>
  /** Ends the stream as a process that died does. */
  hangUp(): void
}

export function fakeMonitor(): FakeMonitor {
  const [stream, far] = duplexPair()
  const heard: HeardCommand[] = []
  const waiting: ((command: HeardCommand) => void)[] = []
  let rest = ''
  far.on('error', () => undefined)
  far.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const text of lines) {
      const message = JSON.parse(text) as Record<string, unknown>
      const command: HeardCommand = {
        name: String(message['execute'] ?? message['exec-oob']),
        oob: 'exec-oob' in message,
        id: String(message['id']),
        args: message['arguments'],
        text,
      }
      const taker = waiting.shift()
      if (taker === undefined) heard.push(command)
      else taker(command)
    }
  })

  const monitor: FakeMonitor = {
    stream,
    say(bytes) {
      if (!far.writableEnded) far.write(bytes)
    },
    next() {
      const command = heard.shift()
      return command === undefined
        ? new Promise((resolve) => waiting.push(resolve))
        : Promise.resolve(command)
    },
    get heard() {
      return heard.length
    },
    answer: ({ id }, value = {}) => monitor.say(`${JSON.stringify({ return: value, id })}\r\n`),
    async connect(options) {
      const connecting = qmp(stream, options)
      monitor.say(GREETING)
      monitor.answer(await monitor.next())
      return connecting
    },
    hangUp: () => far.end(),
  }
  return monitor
}

/** How a recording is played. */
export interface ReplayOptions {
  /** Bytes per chunk; default: message by message. */
  readonly chunk?: number
  /** Hang up after so many bytes. */
  readonly endAfter?: number
}

/** Plays QEMU's part of a recorded session: after each command what QEMU said then, with the ids of this session. */
export async function replay(
  monitor: FakeMonitor,
  session: readonly Recorded[],
  { chunk = Infinity, endAfter = Infinity }: ReplayOptions = {},
): Promise<void> {
  let said = 0
  let id = ''
  let recordedId = ''
  for (const { from, bytes } of session) {
    if (from === 'client') {
      recordedId = (JSON.parse(bytes) as { id: string }).id
      id = (await monitor.next()).id
      continue
    }
    const text = Buffer.from(bytes.replace(`"id": "${recordedId}"`, `"id": "${id}"`))
    for (let at = 0; at < text.length; at += chunk) {
      const piece = text.subarray(at, Math.min(at + chunk, text.length))
      monitor.say(piece.subarray(0, Math.max(0, endAfter - said)))
      said += piece.length
      if (said >= endAfter) return monitor.hangUp()
    }
  }
  monitor.hangUp()
}
