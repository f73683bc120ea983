import type { EffectOptions } from '@vmferry/core/driver'
import type { CallBoard } from './call-board.ts'
import { HALF_DATA, type Half, halfViewOf } from './half.ts'
import { HALF_METHODS } from './methods.ts'

/** A half that lives at a test host: its data, and those of its methods that it has there. */
export function remoteHalf(board: CallBoard, answer: unknown): Half {
  const { half, members, data } = halfViewOf(answer)
  const known = Object.entries(data).filter(([name]) => HALF_DATA.some((one) => one === name))
  const methods = [...HALF_METHODS.keys()]
    .filter((name) => members.includes(name))
    .map((name) => {
      const method = (...given: unknown[]): Promise<unknown> => {
        // the last argument are the options; what cannot be sent (`dial`) is nothing there
        const call = given.pop() as EffectOptions
        return board.ask(name, given, call, half)
      }
      return [name, method] as const
    })
  return Object.fromEntries<unknown>([...known, ...methods])
}
