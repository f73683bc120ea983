import { vmError } from '@vmferry/core/driver'
import { bounded } from './bounded.ts'
import type { QmpWaitOptions } from './client.ts'
import type { QmpClock } from './clock.ts'
import type { QmpEvent } from './events.ts'
import { type Failure, failureError } from './failure.ts'
import { isQmpObject, type QmpObject } from './value.ts'

type Listener = (event: QmpEvent) => unknown

/** Those who listen to a monitor's events. */
export interface EventHub {
  on(name: string, listener: Listener): () => void
  waitFor(match: string | ((event: QmpEvent) => boolean), options: QmpWaitOptions): Promise<QmpEvent>
  /** Takes a message with `event`. */
  dispatch(message: QmpObject): void
  end(failure: Failure): void
}

/** Delivers events in the order of their arrival; what a listener throws becomes a warning of the process. */
export function eventHub(host: string, clock: QmpClock): EventHub {
  const listeners = new Set<{ readonly name: string; readonly listener: Listener }>()
  const waiting = new Set<(error: Error) => void>()
  let over: Failure | undefined

  return { on, waitFor, dispatch, end }

  function on(name: string, listener: Listener): () => void {
    const entry = { name, listener }
    if (over === undefined) listeners.add(entry)
    return () => listeners.delete(entry)
  }

  function waitFor(
    match: string | ((event: QmpEvent) => boolean),
    options: QmpWaitOptions,
  ): Promise<QmpEvent> {
    const what = `${typeof match === 'string' ? `the event ${match}` : 'an event'} of ${host}`
    const expired = (): Error =>
      vmError('VM_TIMEOUT', `${what} did not come within ${options.timeout} ms`, { host })
    return bounded<QmpEvent>({ clock, what, ...options, expired }, (settle) => {
      if (over !== undefined) {
        settle.reject(failureError({ ...over, code: 'VM_CONNECTION' }, host, `the wait for ${what}`))
        return () => undefined
      }
      const off = on(typeof match === 'string' ? match : '*', (event) => {
        try {
          if (typeof match === 'string' || match(event)) settle.resolve(event)
        } catch (error) {
          settle.reject(error instanceof Error ? error : new Error(String(error)))
        }
      })
      const reject = (error: Error): void => settle.reject(error)
      waiting.add(reject)
      return () => {
        off()
        waiting.delete(reject)
      }
    })
  }

  function dispatch(message: QmpObject): void {
    const { event: name, data, timestamp } = message
    if (typeof name !== 'string') return
    const event: QmpEvent = {
      event: name,
      data: isQmpObject(data) ? data : {},
      timestamp: { seconds: count(timestamp, 'seconds'), microseconds: count(timestamp, 'microseconds') },
    }
    for (const entry of Array.from(listeners)) {
      if (!listeners.has(entry) || (entry.name !== '*' && entry.name !== name)) continue
      try {
        const result = entry.listener(event)
        if (result instanceof Promise) result.catch(warn)
      } catch (error) {
        warn(error)
      }
    }
  }

  function end(failure: Failure): void {
    over = failure
    for (const reject of waiting) reject(failureError(failure, host, 'the wait for an event'))
    listeners.clear()
  }
}

function count(timestamp: unknown, part: string): number {
  const value = isQmpObject(timestamp) ? timestamp[part] : undefined
  return typeof value === 'number' ? value : -1
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error), { type: 'QmpListenerWarning' })
}
