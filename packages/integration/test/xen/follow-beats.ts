import type { BeatReport, XenLab } from '@vmferry/lab'
import { beatReport, type ConsoleLog, consoleBeats } from '@vmferry/lab'
import { expect, vi } from 'vitest'
import { otherHost, type XenHostName } from './xen-hosts.ts'

/** What a guest says on its console, from host to host. */
export interface Followed {
  /** Resolves when it has beaten a few times more, there; to be awaited after each move. */
  beatsOn(host: XenHostName): Promise<void>
  /** Of all that it has said since it was started. */
  report(): Promise<BeatReport>
}

/** Follows a guest that was just started. Its logs are taken piece by piece, in the order in which it was on the hosts. */
export function followBeats(lab: XenLab, name: string): Followed {
  const read = { alpha: 0, beta: 0 }
  const pieces: ConsoleLog[] = []
  const take = async (host: XenHostName): Promise<void> => {
    const log = await lab[host].consoleLog(name)
    pieces.push({ host, text: log.slice(read[host]) })
    read[host] = log.length
  }
  return {
    async beatsOn(host) {
      await take(otherHost(host))
      const from = (await lab[host].beats(name)).length
      await vi.waitFor(async () => expect((await lab[host].beats(name)).length).toBeGreaterThan(from + 3), {
        timeout: 120_000,
        interval: 1_000,
      })
      await take(host)
    },
    report: async () => beatReport(consoleBeats(pieces)),
  }
}
