import type { Beat } from '../beat.ts'
import { parseBeat } from '../beat.ts'

/** What a host wrote down of a guest. */
export interface ConsoleLog {
  readonly host: string
  readonly text: string
}

/**
 * The beats in the console logs of a guest, in the order in which it was on the hosts: the end of a line that was begun on one
 * host may stand at the beginning of the next log. When a beat came is not written down: `at` is 0 for all.
 */
export function consoleBeats(logs: readonly ConsoleLog[]): Beat[] {
  let torn = ''
  return logs.flatMap(({ host, text }) => {
    const lines = `${torn}${text}`.split('\n')
    torn = lines.pop() ?? ''
    return lines.flatMap((line) => {
      const beat = parseBeat(line)
      return beat === undefined ? [] : [{ at: 0, host, ...beat }]
    })
  })
}
