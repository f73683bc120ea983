import type { Socket } from 'node:net'
import { connect } from 'node:net'
import type { Beat } from './beat.ts'
import { parseBeat } from './beat.ts'
import { beatLog, logged, readBeatLog, seenOutside } from './beat-log.ts'
import type { BeatReport, BeatReportOptions } from './beat-report.ts'
import { beatReport } from './beat-report.ts'
import type { LabHost } from './lab-host.ts'

/** A socket to listen at. */
export interface BeatSource {
  readonly host: Pick<LabHost, 'name' | 'run'>
  /** As the host sees it, such as `/run/web1.beat`; outside /run it is taken as it is. */
  readonly path: string
  /**
   * Reads what the guest's QEMU writes down instead. Within one host only that tells of a guest that moves: the QEMU that
   * is left takes the path of its socket with it. Default: false.
   */
  readonly log?: boolean
}

/** A recording that goes on until it is closed. */
export interface BeatWatch extends Disposable {
  /** All beats so far, in order of arrival. */
  readonly beats: readonly Beat[]
  /**
   * Resolves as soon as `predicate` holds, which is asked now and after each arrival. Rejects after `timeout`
   * milliseconds (default 30,000) in words that say what was heard last, with the signal's reason, and on close.
   */
  until(
    predicate: (beats: readonly Beat[]) => boolean,
    options?: { timeout?: number; signal?: AbortSignal },
  ): Promise<void>
  report(options?: BeatReportOptions): BeatReport
  close(): void
}

const retryMs = 4
const followMs = 20

/**
 * How many characters may wait in the serial port of a guest when it is stopped: none, or where its listener is late one in each of
 * two registers. They go along with the guest, and the QEMU that is left sends them as well (seen on QEMU 7.2).
 */
const PENDING = [0, 1, 2]

/** A line of which each host has a part, and both may have what was pending. */
function joined(begin: string, end: string): ReturnType<typeof parseBeat> {
  return PENDING.filter((count) => begin.endsWith(end.slice(0, count)))
    .map((count) => parseBeat(begin.slice(0, begin.length - count) + end))
    .find((beat) => beat !== undefined)
}

/** How long after the end of a torn line its beginning may be read. */
const MENDING_MS = 1_000

/** Listens at the sockets, whether they exist already or not, and again when a connection ends. */
export function watchBeats(sources: readonly BeatSource[]): BeatWatch {
  const beats: Beat[] = []
  const asked = new Set<() => void>()
  const stopped = new AbortController()
  /** What came of a line that is not complete yet. A guest that moves in the middle of one ends it on another host. */
  const torn = new Map<BeatSource, string>()

  const complete = (source: BeatSource, line: string): ReturnType<typeof parseBeat> => {
    const others = [...torn].filter(([other, text]) => other !== source && text !== '')
    const candidates = ['', ...others.map(([, text]) => text)].map((begin) => joined(begin, line))
    return candidates.find((beat) => beat !== undefined)
  }
  /** The end of a line whose beginning was not heard: it may be read later, of two sockets. */
  const loose = new Map<BeatSource, { readonly at: number; readonly line: string }>()
  const mend = (source: BeatSource, now: number): void => {
    for (const [other, { at, line }] of loose) {
      const beat = other === source ? undefined : joined(torn.get(source) ?? '', line)
      if (beat === undefined || now - at > MENDING_MS) continue
      loose.delete(other)
      beats.push({ at, host: other.host.name, ...beat })
    }
  }
  const hear = (source: BeatSource, chunk: string): void => {
    const at = performance.now()
    const lines = `${torn.get(source) ?? ''}${chunk}`.split('\n')
    torn.set(source, lines.pop() ?? '')
    for (const line of lines) {
      const beat = complete(source, line)
      if (beat === undefined) loose.set(source, { at, line })
      else beats.push({ at, host: source.host.name, ...beat })
    }
    mend(source, at)
    for (const ask of asked) ask()
  }
  for (const source of sources) {
    const ear = { hear, renew: () => torn.delete(source) }
    if (source.log) follow(source, ear, stopped.signal)
    else listen(source, ear, stopped.signal)
  }

  const close = (): void => stopped.abort(new Error('the watch was closed'))
  return {
    beats,
    until: (predicate, { timeout = 30_000, signal } = {}) =>
      new Promise<void>((resolve, reject) => {
        const ends = [stopped.signal, ...(signal ? [signal] : [])]
        const settle = (act: () => void): void => {
          clearTimeout(timer)
          asked.delete(ask)
          for (const end of ends) end.removeEventListener('abort', onAbort)
          act()
        }
        const fail = (reason: unknown): void =>
          settle(() => reject(reason instanceof Error ? reason : new Error('aborted', { cause: reason })))
        const onAbort = (): void => fail(ends.find((end) => end.aborted)?.reason)
        const ask = (): void => {
          try {
            if (predicate(beats)) settle(resolve)
          } catch (error) {
            fail(error)
          }
        }
        const timer = setTimeout(() => fail(new Error(lateWords(timeout, beats))), timeout)
        for (const end of ends) end.addEventListener('abort', onAbort)
        asked.add(ask)
        if (ends.some((end) => end.aborted)) onAbort()
        else ask()
      }),
    report: (options) => {
      const lines = sources.flatMap(({ host, path }) => readBeatLog(seenOutside(host, beatLog(path))))
      return beatReport(beats, { ...options, logged: lines })
    },
    close,
    [Symbol.dispose]: close,
  }
}

function lateWords(timeout: number, beats: readonly Beat[]): string {
  const last = beats.at(-1)
  const heard =
    last === undefined
      ? 'no beat was heard at all'
      : `the last of ${beats.length} beats was ${last.tick} from ${last.host}, ${Math.round(performance.now() - last.at)} ms ago`
  return `what the watch waited for did not come within ${timeout} ms: ${heard}`
}

interface Ear {
  hear(source: BeatSource, chunk: string): void
  /** A new connection does not go on with the old one's last line. */
  renew(): void
}

function listen(source: BeatSource, ear: Ear, signal: AbortSignal): void {
  const { host, path } = source
  const outside = seenOutside(host, path)
  let socket: Socket | undefined
  let timer: NodeJS.Timeout | undefined
  const dial = (): void => {
    socket = connect(outside)
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => ear.hear(source, chunk))
    socket.on('connect', () => ear.renew())
    // Not there yet, or gone again: both are asked again soon.
    socket.on('error', () => {})
    socket.on('close', () => {
      if (!signal.aborted) timer = setTimeout(dial, retryMs)
    })
  }
  signal.addEventListener('abort', () => {
    clearTimeout(timer)
    socket?.destroy()
  })
  dial()
}

/** Reads what is added to the log from now on. */
function follow(source: BeatSource, ear: Ear, signal: AbortSignal): void {
  const file = seenOutside(source.host, beatLog(source.path))
  let read = logged(file).length
  const timer = setInterval(() => {
    const text = logged(file)
    if (text.length > read) ear.hear(source, text.slice(read))
    read = text.length
  }, followMs)
  signal.addEventListener('abort', () => clearInterval(timer))
}
