/**
 * An integer of QAPI (`int`, `size`, `uint64`). A safe integer is always a `number`; beyond ±(2^53 - 1) it is a
 * `bigint`, so nothing is ever rounded. `Number(x)` where an approximation will do, `BigInt(x)` where it will not.
 */
export type QmpInteger = number | bigint

/** What a monitor sends and takes: JSON whose integers are exact. */
export type QmpValue = string | number | bigint | boolean | null | readonly QmpValue[] | QmpObject

/** An object on the wire. A member that is `undefined` is not sent. */
export interface QmpObject {
  readonly [key: string]: QmpValue | undefined
}

/** An object without members: what most commands take and return. */
export type QmpNothing = Readonly<Record<string, never>>

/** Tells an object from the other values, arrays included. */
export function isQmpObject(value: unknown): value is QmpObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
