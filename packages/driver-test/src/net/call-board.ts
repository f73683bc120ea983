import {
  abortError,
  type CallOptions,
  type EffectOptions,
  type Progress,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import { errorOf, failureOf } from './failure.ts'
import type { LineListener } from './line-socket.ts'
import { messageOf } from './message.ts'

/** The calls of one connection to a test host that wait for their answers. */
export interface CallBoard extends LineListener {
  /** Calls a method, of the connection or of a half. VM_CONNECTION once the connection is closed or lost. */
  ask(method: string, given: readonly unknown[], call: CallOptions, half?: number): Promise<unknown>
}

interface Waiting {
  readonly call: CallOptions
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: VmError) => void
}

export function callBoard(peer: string, send: (line: string) => void): CallBoard {
  const waiting = new Map<number, Waiting>()
  let last = 0
  let over: VmError | null = null

  return {
    ask(method, given, call, half) {
      if (over)
        return Promise.reject(
          vmError('VM_CONNECTION', `${peer} is not asked: ${over.message}`, { host: peer }),
        )
      const { signal } = call
      if (signal.aborted) return Promise.reject(abortError(signal, method))
      const { migration, epoch } = call as Partial<EffectOptions>
      const id = (last += 1)
      // the answer is waited for all the same: only the host knows what it has done
      const stop = (): void => {
        send(JSON.stringify({ id, abort: failureOf(abortError(signal, method)) }))
      }
      signal.addEventListener('abort', stop, { once: true })
      const answer = new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { call, resolve, reject })
        send(JSON.stringify({ id, method, half, given, migration, epoch }))
      })
      return answer.finally(() => signal.removeEventListener('abort', stop))
    },
    line(text) {
      const { id, error, value, progress } = messageOf(text)
      if (id === undefined && error !== undefined) throw errorOf(error)
      const asked = waiting.get(id as number)
      if (!asked) throw vmError('VM_PROTOCOL', `${peer} answered what nobody had asked`, { host: peer })
      const { call, resolve, reject } = asked
      if (progress !== undefined) return call.onProgress?.(progress as Progress)
      waiting.delete(id as number)
      if (error === undefined) return resolve(value)
      const failure = errorOf(error)
      const own = call.signal.aborted && abortError(call.signal, failure.message)
      reject(own && own.code === failure.code ? own : failure)
    },
    closed(reason) {
      over = reason
      for (const { reject } of waiting.values()) reject(reason)
      waiting.clear()
    },
  }
}
