import type { CallOptions, Clock, VmError } from '../driver/index.ts'

/** Asks with a signal that fires after `ms` milliseconds, with `late` as its reason. */
export function bounded<T>(
  clock: Clock,
  ms: number,
  late: () => VmError,
  ask: (call: CallOptions) => Promise<T>,
): Promise<T> {
  const expired = new AbortController()
  const stop = clock.schedule(ms, () => expired.abort(late()))
  return ask({ signal: expired.signal }).finally(stop)
}
