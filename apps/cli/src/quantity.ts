import { InvalidArgumentError } from 'commander'

const DECIMAL = /^\d{1,15}(\.\d{1,9})?$/

/** A number from 0 on, written in plain digits. */
export function quantity(text: string): number {
  if (!DECIMAL.test(text)) throw new InvalidArgumentError('It takes a number from 0 on, as 250 or 2.5.')
  return Number(text)
}

/** A number above 0. */
export function positive(text: string): number {
  const value = quantity(text)
  if (value === 0) throw new InvalidArgumentError('It takes a number above 0.')
  return value
}

/** A whole number from 1 on. */
export function count(text: string): number {
  const value = positive(text)
  if (!Number.isInteger(value)) throw new InvalidArgumentError('It takes a whole number from 1 on.')
  return value
}
