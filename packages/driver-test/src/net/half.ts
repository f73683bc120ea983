import { type Incoming, type Outgoing, type RecalledSource, vmError } from '@vmferry/core/driver'

/** Whatever of a migration's half there is. */
export type Half = Partial<Outgoing & Incoming & Pick<RecalledSource, 'record'>>

/** The members of a half that are its data. */
export const HALF_DATA = ['offer', 'ticket', 'record'] as const

/** A half as it is told to the other end of a connection. */
export interface HalfView {
  /** Its number in this connection. */
  readonly half: number
  /** The methods that it has. */
  readonly members: readonly string[]
  readonly data: object
}

/** Reads the view of a half. VM_PROTOCOL if it is none. */
export function halfViewOf(value: unknown): HalfView {
  const { half, members, data } = (value ?? {}) as Readonly<Record<string, unknown>>
  if (typeof half === 'number' && Array.isArray(members) && typeof data === 'object' && data !== null)
    return { half, members, data }
  throw vmError('VM_PROTOCOL', 'the test host answered something that is no half of a migration')
}
