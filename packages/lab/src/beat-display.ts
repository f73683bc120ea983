import { setTimeout as sleep } from 'node:timers/promises'
import type { Beat } from './beat.ts'
import { watchBeats } from './beat-watch.ts'
import type { LabHost } from './lab-host.ts'

/** Writes a line per second about a guest's heartbeat, until Ctrl-C or SIGTERM. */
export async function showBeats(host: LabHost, domain: string): Promise<void> {
  const stop = new AbortController()
  const end = (): void => stop.abort()
  process.once('SIGINT', end)
  process.once('SIGTERM', end)
  using watch = watchBeats([{ host, path: `/run/${domain}.beat` }])
  let seen = 0
  while (!stop.signal.aborted) {
    process.stdout.write(`${lineOf(watch.beats.slice(seen), host.name)}\n`)
    seen = watch.beats.length
    await sleep(1000, undefined, { signal: stop.signal }).catch(() => {})
  }
  process.off('SIGINT', end)
  process.off('SIGTERM', end)
}

/** What one second of beats comes to, in words. */
export function lineOf(beats: readonly Beat[], host: string): string {
  const last = beats.at(-1)
  if (last === undefined) return `${host}: silent`
  const memory = last.ok ? 'memory right' : `MEMORY WRONG at ${(last.badAddress ?? 0).toString(16)}`
  return `${host}: tick ${last.tick}, ${beats.length} beats, boot ${last.cookie}, ${memory}`
}
