import { type Duplex, duplexPair } from 'node:stream'

/** What a qemu-ga 7.2.22 in Debian's Linux 6.1 wrote when it was sent these words, byte by byte in latin1. */
const RECORDED = {
  flush: `{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\\uFFFD'"}}\n`,
  set: '{"return": {}}\n',
  noClock:
    '{"error": {"class": "GenericError", "desc": "hwclock failed to set hardware clock to system time"}}\n',
  unknown: '{"error": {"class": "CommandNotFound", "desc": "The command nonsense has not been found"}}\n',
}

/** An agent of a guest. */
export interface FakeGuestAgent {
  /** The host's end of its port. */
  readonly stream: Duplex
  /** The commands that it was given, as they were written. */
  readonly heard: readonly string[]
}

/** `noClock`: the guest has no real-time clock. `silent`: it takes everything in and says nothing. `offMs`: of the host's clock. */
export function fakeGuestAgent(
  nature: {
    readonly noClock?: true
    readonly silent?: true
    readonly offMs?: number
    readonly before?: string
  } = {},
): FakeGuestAgent {
  const { noClock, silent, offMs = 0, before = '' } = nature
  const [stream, guest] = duplexPair()
  const heard: string[] = []
  const answer = (line: string): string => {
    heard.push(line)
    const { execute, arguments: given } = JSON.parse(line) as { execute: string; arguments: { id?: number } }
    if (execute === 'guest-sync-delimited') return `\xff{"return": ${given.id}}\n`
    if (execute === 'guest-get-time') return `{"return": ${BigInt(Date.now() + offMs) * 1_000_000n}}\n`
    if (execute === 'guest-set-time') return noClock ? RECORDED.noClock : RECORDED.set
    return RECORDED.unknown
  }
  if (before) guest.write(before, 'latin1')
  let rest = ''
  guest.setEncoding('latin1').on('data', (chunk: string) => {
    if (silent) return
    if (chunk.includes('\xff')) guest.write(RECORDED.flush)
    const lines = (rest + chunk.replaceAll('\xff', '')).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) guest.write(answer(line), 'latin1')
  })
  return { stream, heard }
}
