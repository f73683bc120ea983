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

/** All that a log says; nothing if there is no log. */
export function logged(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}

/** The beats in a log. A torn line says nothing. */
export function readBeatLog(file: string): BeatLine[] {
  return logged(file)
    .split('\n')
    .flatMap((line) => parseBeat(line) ?? [])
}
