import { abortError } from '@vmferry/core/driver'

/** A few places for many who wait, first come, first served. */
export interface Slots {
  /** How many places nobody has; below 0: how many wait for one. */
  spare(): number
  /** Resolves with the function that gives the place back; calling that twice is no error. */
  take(stop: AbortSignal): Promise<() => void>
}

export function slots(count: number): Slots {
  let free = count
  const queue: (() => void)[] = []
  const giveBack = (): (() => void) => {
    let held = true
    return () => {
      if (!held) return
      held = false
      const next = queue.shift()
      if (next) next()
      else free += 1
    }
  }
  return {
    spare: () => free - queue.length,
    async take(stop) {
      if (stop.aborted) throw abortError(stop)
      if (free > 0) {
        free -= 1
        return giveBack()
      }
      return new Promise((resolve, reject) => {
        const enter = (): void => {
          stop.removeEventListener('abort', leave)
          resolve(giveBack())
        }
        const leave = (): void => {
          queue.splice(queue.indexOf(enter), 1)
          reject(abortError(stop))
        }
        queue.push(enter)
        stop.addEventListener('abort', leave, { once: true })
      })
    },
  }
}
