import { type Clock, type EffectOptions, type HostChannel, sleep } from '@vmferry/core/driver'
import type { Fence } from './fence.ts'
import { DEAD_MAN } from './script.ts'
import { drop, end, type Step } from './step.ts'

/**
 * The dead man's switch of a copy: a process at the source that undoes it, and lets the guest run on as before, when the
 * controller gives no sign of life, or its connection has ended. Its steps must have no effect on a copy that is complete;
 * where another controller has claimed the domain it does nothing at all.
 */
export interface DeadMan {
  /** Tells it that nobody has died. */
  off(): void
  /** Settles when its process has ended, or when nothing can be heard of it any more. */
  readonly ended: Promise<void>
}

/** Whose life hangs on it. */
export interface Life {
  /** Absolute path of the file that names the process: `dead-man` in the guest's folder, for {@link END_DEAD_MAN}. */
  readonly file: string
  /** Milliseconds. */
  readonly limit: number
  /** What is done at the end of it. */
  readonly steps: readonly Step[]
}

/** Arms it. */
export async function deadMan(
  host: HostChannel,
  clock: Clock,
  fence: Fence,
  { file, limit, steps }: Life,
  call: EffectOptions,
): Promise<DeadMan> {
  const seconds = `${limit / 1000}`
  const argv = ['sh', '-c', DEAD_MAN, 'sh', seconds, `${call.epoch}`, ...fence.script(steps)]
  const { stdin, stdout, stderr, exit } = await host.spawn(fence.launch(file, argv, call), call)
  stdin.on('error', () => {})
  stdout.resume()
  stderr.resume()
  const stop = new AbortController()
  const stopped = (): void => stop.abort()
  const ended = exit.then(stopped, stopped)
  const live = async (): Promise<void> => {
    for (;;) {
      await sleep(clock, limit / 4, stop.signal)
      stdin.write('alive\n')
    }
  }
  live().catch(() => {})
  return {
    off() {
      stopped()
      stdin.end('off\n')
    },
    ended,
  }
}

/** Ends it, if it was ever armed, whoever armed it; who it was stays on file. */
export const STOP_DEAD_MAN: Step<null> = end('dead-man', 0)

/** Ends it, and forgets it. */
export const END_DEAD_MAN: readonly Step<null>[] = [STOP_DEAD_MAN, drop('dead-man')]
