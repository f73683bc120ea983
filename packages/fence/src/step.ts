import type { VmError } from '@vmferry/core/driver'

/** One thing that is done on the host within the fence. `A` is what it answers. */
export interface Step<A = unknown> {
  /** A verb of the script, and its two arguments. */
  readonly words: readonly [verb: string, one: string, two: string]
  /** What the script reads for it from its standard input. */
  readonly lines?: readonly string[]
  /** Reads the one line that the verb prints. A verb without this prints nothing, and its answer is null. */
  readonly read?: (line: string) => A
  /** The error of a verb that ended the script with `ENDED.refused`, from the line that it printed last. */
  readonly refusal?: (line: string, host: string) => VmError
}

/** What each step answered. */
export type Answers<S extends readonly Step[]> = {
  readonly [K in keyof S]: S[K] extends Step<infer A> ? A : never
}

/** Makes the guest's folder and files its records, once all of them have come: what is made is always on file. */
export function arrive(record: object, definition: object): Step<null> {
  return { words: ['arrive', '', ''], lines: [record, definition].map((one) => JSON.stringify(one)) }
}

/** Removes the guest's folder with all in it. */
export function remove(): Step<null> {
  return { words: ['remove', '', ''] }
}

/** Leaves the mark that this copy may have run, on the disk. */
export function mark(): Step<null> {
  return { words: ['mark', '', ''] }
}

/** Files a record in the guest's folder, whole and on the disk. */
export function keep(file: string, record: object): Step<null> {
  return { words: ['keep', file, ''], lines: [JSON.stringify(record)] }
}

/** Files the record of an outgoing migration unless there is one: then VM_BUSY. An arrival that is settled is forgotten. */
export function hold(record: object): Step<null> {
  return { words: ['hold', '', ''], lines: [JSON.stringify(record)] }
}

/** Removes a file of the guest's folder. */
export function drop(file: string): Step<null> {
  return { words: ['drop', file, ''] }
}

/** Asks the process that a file names to end, kills it after so many seconds, and proves it gone. */
export function end(file: string, seconds: number): Step<null> {
  return { words: ['end', file, `${seconds}`] }
}
