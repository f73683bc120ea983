import { vmError } from '@vmferry/core/driver'
import type { Step } from '@vmferry/fence'

/** Makes the folder of an outgoing half and files its record, unless the guest with that uuid is being moved already: then VM_BUSY. An arrival that is settled is forgotten. */
export function take(uuid: string, record: object): Step<null> {
  return { words: ['take', uuid, ''], lines: [JSON.stringify(record)] }
}

/** Makes what a receiver needs, unless the uuid or the name is taken: then VM_EXISTS. Only a copy that comes after this can ever be ended by {@link voided}. */
export function expectCopy(uuid: string, name: string): Step<null> {
  return { words: ['expect', uuid, name] }
}

/** Makes what a sender needs. `rate`: bytes per second, 0 for no limit. Not `live`: the guest stands still, paused at the end. */
export function gear(rate: number, live: boolean): Step<null> {
  return { words: ['gear', `${Math.round(rate)}`, live ? '' : 'still'] }
}

/** Changes the bytes per second of a copy under way; 0 for no limit. */
export function pace(rate: number): Step<null> {
  return { words: ['pace', `${Math.round(rate)}`, ''] }
}

/** Stops the copying: before the hand-over the guest runs on; after it this does nothing. */
export function cancel(uuid: string): Step<null> {
  return { words: ['cancel', uuid, ''] }
}

/** Proves the way silent and gives the source's xl the word that everything has come. */
export function give(uuid: string): Step<null> {
  return { words: ['give', uuid, ''] }
}

/** Tells the source's xl that the target runs, and proves its copy gone. */
export function leave(uuid: string): Step<null> {
  return { words: ['leave', uuid, ''] }
}

/** Brings the source's copy back, under its name, whatever has become of its xl. */
export function back(uuid: string, name: string): Step<null> {
  return { words: ['back', uuid, name] }
}

/** What the target's copy is called, and its flags in xl's list. */
export interface Arrived {
  readonly name: string
  readonly flags: string
}

/** Tells the target's xl to run its copy, and looks at what came of it. */
export function go(uuid: string, wanted: 'run' | 'pause'): Step<Arrived> {
  return {
    words: ['go', uuid, wanted],
    read: (line) => {
      const [name = '', flags = ''] = line.split(' ')
      return { name, flags }
    },
    refusal: (line, host) =>
      vmError('VM_PHASE_FAILED', `the xl on ${host} that should start the guest has ended before it did`, {
        host,
        causes: [{ host, words: `xl list: ${line}` }],
      }),
  }
}

/** Ends the target's xl and proves its copy gone. */
export function voided(uuid: string): Step<null> {
  return { words: ['void', uuid, ''] }
}
