import type { QmpCommandName, QmpCommands } from '@vmferry/qmp'

/** One thing that is done on the host within the fence. `A` is what it answers. */
export interface Step<A = unknown> {
  /** A verb of the script, and its two arguments. */
  readonly words: readonly [verb: string, one: string, two: string]
  /** What the script reads for it from its standard input. */
  readonly lines?: readonly string[]
  /** The command that QEMU is given, without its id. */
  readonly order?: { readonly execute: QmpCommandName; readonly arguments?: object }
  /** Never there: it only tells the type of the answer. */
  readonly answer?: A
}

/** A file of the guest's folder. */
export type GuestFile =
  | 'dead-man'
  | 'definition.json'
  | 'disks.sock'
  | 'incoming.json'
  | 'outgoing.json'
  | 'process'
  | 'tunnel'
  | 'tunnel.in'
  | 'tunnel.log'
  | 'tunnel.sock'

/** What QEMU answered to each step; null for steps that do not ask it. */
export type Answers<S extends readonly Step[]> = {
  readonly [K in keyof S]: S[K] extends Step<infer A> ? A : never
}

/** Gives QEMU a command. */
export function tell<C extends QmpCommandName>(
  command: C,
  given?: QmpCommands[C]['arguments'],
): Step<QmpCommands[C]['return']> {
  return { words: ['tell', '', ''], order: { execute: command, ...(given && { arguments: given }) } }
}

/** Gives QEMU a command that it may refuse: what follows is done all the same. */
export function attempt<C extends QmpCommandName>(command: C, given?: QmpCommands[C]['arguments']): Step {
  return { ...tell(command, given), words: ['try', '', ''] }
}

/** Throws away what QEMU has said unasked. */
export function skim(): Step<null> {
  return { words: ['skim', '', ''] }
}

/** Makes the guest's folder and files its records, once all of them have come: what is made is always on file. */
export function arrive(record: object, definition: object): Step<null> {
  return { words: ['arrive', '', ''], lines: [record, definition].map((one) => JSON.stringify(one)) }
}

/** Removes the guest's folder with all in it. */
export function remove(): Step<null> {
  return { words: ['remove', '', ''] }
}

/** Cancels a migration that is under way. `revives`: whoever is stopped for it runs again. */
export function cancel(revives: boolean): Step<null> {
  return { words: ['cancel', revives ? 'cont' : '', ''] }
}

/** Leaves the mark that this copy may have run, on the disk. */
export function mark(): Step<null> {
  return { words: ['mark', '', ''] }
}

/** Files a record in the guest's folder, whole and on the disk. */
export function keep(file: GuestFile, record: object): Step<null> {
  return { words: ['keep', file, ''], lines: [JSON.stringify(record)] }
}

/** Files the record of an outgoing migration unless there is one: then VM_BUSY. An arrival that is settled is forgotten. */
export function hold(record: object): Step<null> {
  return { words: ['hold', '', ''], lines: [JSON.stringify(record)] }
}

/** Removes a file of the guest's folder. */
export function drop(file: GuestFile): Step<null> {
  return { words: ['drop', file, ''] }
}

/**
 * Makes an image of so many bytes, in which nothing is allocated but these pieces, each at its 64 KiB. Whatever is at that path
 * already stays as it is, and the step fails. What is made is on file before.
 */
export function image(
  path: string,
  bytes: number,
  pieces: readonly (readonly [at: number, content: Uint8Array])[],
): Step<null> {
  const octal = (content: Uint8Array): string =>
    Array.from(content, (byte) => `\\0${byte.toString(8).padStart(3, '0')}`).join('')
  const line = pieces.map(([at, content]) => `${at}:${octal(content)}`).join(' ')
  return { words: ['image', path, `${bytes}`], lines: [line] }
}

/** Removes the images that {@link image} made for this guest, unless the copy that they belong to may have run. */
export function unmake(): Step<null> {
  return { words: ['unmake', '', ''] }
}

/** Asks the process that a file names to end, kills it after so many seconds, and proves it gone. */
export function end(file: GuestFile, seconds: number): Step<null> {
  return { words: ['end', file, `${seconds}`] }
}
