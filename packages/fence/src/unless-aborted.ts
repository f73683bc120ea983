import { abortError } from '@vmferry/core/driver'

/** The wait, given up with VM_ABORTED when the signal fires. */
export async function unlessAborted<T>(waiting: Promise<T>, signal: AbortSignal): Promise<T> {
  let stop = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(abortError(signal))
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  return Promise.race([waiting, aborted]).finally(() => signal.removeEventListener('abort', stop))
}
