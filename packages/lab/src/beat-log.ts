import { readFileSync } from 'node:fs'
import type { BeatLine } from './beat.ts'
import { parseBeat } from './beat.ts'
import type { LabHost } from './lab-host.ts'

/** Where QEMU writes down what a guest says on the socket `beatPath`, heard or not. */
export function beatLog(beatPath: string): string {
  return `${beatPath}.log`
}

/** A path of the host as it is seen outside; outside /run it is the same. */
export function seenOutside({ run }: Pick<LabHost, 'run'>, path: string): string {
  return path.startsWith('/run/') ? run + path.slice('/run'.length) : path
}

/** The beats in a log; none if there is no log. A torn line says nothing. */
export function readBeatLog(file: string): BeatLine[] {
  let text: string
  try {
    text = readFileSync(file, 'latin1')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => parseBeat(line) ?? [])
}
