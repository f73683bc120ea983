import { type Clock, type EffectOptions, type HostChannel, sleep } from '@vmferry/core/driver'
import type { GuestFolder } from '../guest/run-directory.ts'
import type { Fence } from './fence.ts'
import { DEAD_MAN } from './script.ts'
import { cancel, drop, end, type Step } from './step.ts'

/**
 * The dead man's switch of a copy: a process at the source that cancels it, and lets the guest run on as before, when the
 * controller gives no sign of life for `limit` milliseconds, or its connection has ended. It can do nothing else: a copy
 * that is complete stays so, and where another controller has claimed the domain it does nothing at all.
 */
export interface DeadMan {
  /** Tells it that nobody has died. */
  off(): void
}

/** Whose life hangs on it. */
export interface Life {
  /** Milliseconds. */
  readonly limit: number
  /** The guest ran before, and may have been stopped for the copy. */
  readonly revives: boolean
  /** What is done first. */
  readonly before: readonly Step[]
}

/** Arms it. */
export async function deadMan(
  host: HostChannel,
  clock: Clock,
  fence: Fence,
  folder: GuestFolder,
  { limit, revives, before }: Life,
  call: EffectOptions,
): Promise<DeadMan> {
  const seconds = `${limit / 1000}`
  const script = fence.script([...before, cancel(revives)])
  const argv = ['sh', '-c', DEAD_MAN, 'sh', seconds, `${call.epoch}`, ...script]
  const { stdin, stdout, stderr, exit } = await host.spawn(fence.launch(folder.deadMan, argv, call), call)
  exit.catch(() => {})
  stdin.on('error', () => {})
  stdout.resume()
  stderr.resume()
  const stop = new AbortController()
  const live = async (): Promise<void> => {
    for (;;) {
      stdin.write('alive\n')
      await sleep(clock, limit / 4, stop.signal)
    }
  }
  live().catch(() => {})
  return {
    off() {
      stop.abort()
      stdin.end('off\n')
    },
  }
}

/** Ends it, if it was ever armed, whoever armed it. */
export const END_DEAD_MAN: readonly Step<null>[] = [end('dead-man', 0), drop('dead-man')]
