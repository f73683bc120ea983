import { abortError, type EffectOptions, isVmError, vmError } from '@vmferry/core/driver'
import { type BrokenDriver, broken, recoded } from './broken-driver.ts'

type Call<A extends unknown[], T> = (...words: A) => Promise<T>

/** A call that does not see that its signal has fired before. */
function blind<A extends unknown[], T>(next: Call<A, T>): Call<A, T> {
  return (...words) => {
    const call = words.at(-1) as EffectOptions
    if (!call.signal.aborted) return next(...words)
    return next(...([...words.slice(0, -1), { ...call, signal: new AbortController().signal }] as A))
  }
}

/** A call that never settles once its signal has fired. */
function hanging<A extends unknown[], T>(next: Call<A, T>): Call<A, T> {
  return (...words) => {
    const { signal } = words.at(-1) as EffectOptions
    if (signal.aborted) return next(...words)
    const going = next(...words)
    return new Promise((resolve, reject) => {
      going.then(
        (result) => signal.aborted || resolve(result),
        (error: unknown) => signal.aborted || reject(error as Error),
      )
    })
  }
}

export const brokenCancels: readonly BrokenDriver[] = [
  broken('cancel.before-begin', 'begins though it was cancelled', () => ({ 'source.begin': blind })),
  broken('cancel.before-prepare', 'prepares though it was cancelled', () => ({ 'target.prepare': blind })),
  broken('cancel.before-perform', 'performs though it was cancelled', () => ({ perform: blind })),
  broken('cancel.during-begin', 'hangs when begin is cancelled', () => ({ 'source.begin': hanging })),
  broken('cancel.during-prepare', 'hangs when prepare is cancelled', () => ({ 'target.prepare': hanging })),
  broken(
    ['cancel.during-perform', 'cancel.stops', 'cancel.then-move'],
    'ignores the signal in perform',
    () => ({
      perform: hanging,
    }),
  ),
  broken('cancel.during-perform', 'says of a cancelled perform that it timed out', () => ({
    perform: (next) => async (ticket, dial, call) => {
      if (call.signal.aborted) return next(ticket, dial, call)
      return recoded(next, 'VM_ABORTED', 'VM_TIMEOUT')(ticket, dial, call)
    },
  })),
  broken('cancel.during-ready', 'hangs when ready is cancelled', () => ({ ready: hanging })),
  broken('cancel.during-hand-over', 'hangs when hand-over is cancelled', () => ({ 'hand-over': hanging })),
  broken('cancel.stops', 'goes on copying after a cancel', () => ({
    perform: (next) => (ticket, dial, call) => {
      if (call.signal.aborted) return next(ticket, dial, call)
      const going = next(ticket, dial, { ...call, signal: new AbortController().signal })
      return new Promise((resolve, reject) => {
        going.then(resolve, reject)
        call.signal.addEventListener('abort', () => reject(abortError(call.signal)))
      })
    },
  })),
  broken('cancel.then-move', 'keeps its hold of the guest after a cancel', () => {
    let cancelled = false
    return {
      perform:
        (next) =>
        (...words) =>
          next(...words).catch((error: unknown) => {
            cancelled ||= isVmError(error, 'VM_ABORTED')
            throw error
          }),
      'source.begin':
        (next) =>
        async (...words) => {
          if (cancelled) throw vmError('VM_BUSY', 'another migration holds it')
          return next(...words)
        },
    }
  }),
]
