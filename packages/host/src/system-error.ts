/** What Node's and ssh2's errors carry, each empty where it is missing. */
export interface SystemError extends Error {
  readonly code: string
  /** Which layer of ssh2 speaks. */
  readonly level: string
  readonly stderr: string
}

/** Anything that was thrown, as an error with those members. The stack and the cause stay with `error`. */
export function systemError(error: unknown): SystemError {
  const member = (name: string): string => {
    const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined
    return typeof value === 'string' ? value : ''
  }
  const base =
    error instanceof Error
      ? { name: error.name, message: error.message }
      : { name: '', message: String(error) }
  return { ...base, code: member('code'), level: member('level'), stderr: member('stderr') }
}
