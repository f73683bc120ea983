import {
  abortError,
  type Clock,
  type EffectOptions,
  isVmError,
  type Phase,
  type Progress,
  restated,
  type VmError,
  vmError,
} from '../driver/index.ts'

/** Where a driver call goes and how long it may take. */
export interface CallPlace {
  readonly phase: Phase
  /** The host as the user named it. */
  readonly host: string
  /** Milliseconds; null: no limit of its own. */
  readonly limit: number | null
  /** Milliseconds the driver may take to stop after the signal. */
  readonly grace: number
  /** The user's signal; absent for calls that the user must not interrupt. */
  readonly signal?: AbortSignal
}

/** What the call lends to the driver besides the signal. */
export type CallLoan = Omit<EffectOptions, 'signal' | 'onProgress'> & {
  readonly onProgress?: (event: Progress) => void
}

/**
 * The one place where core calls a driver: it gives the signal and the limit, keeps listeners that throw away from the
 * driver, and makes every rejection a VmError that names phase and host. A driver that neither answers nor stops within
 * the grace period is left behind with VM_TIMEOUT: its effect is unknown.
 */
export async function callDriver<T>(
  clock: Clock,
  place: CallPlace,
  loan: CallLoan,
  ask: (call: EffectOptions) => Promise<T>,
): Promise<T> {
  const { phase, host, signal } = place
  const stop = new AbortController()
  const undo: (() => void)[] = []
  const leftBehind = new Promise<never>((_, reject) => {
    stop.signal.addEventListener('abort', () => {
      const giveUp = (): void =>
        reject(
          vmError(
            'VM_TIMEOUT',
            `${phase} on ${host} did not stop within ${place.grace} ms of being asked to`,
          ),
        )
      undo.push(clock.schedule(place.grace, giveUp))
    })
  })
  leftBehind.catch(() => {})

  if (signal?.aborted) throw located(abortError(signal, phase), place)
  if (signal) {
    const relay = (): void => stop.abort(abortError(signal, phase))
    signal.addEventListener('abort', relay, { once: true })
    undo.push(() => signal.removeEventListener('abort', relay))
  }
  if (place.limit !== null) {
    const { limit } = place
    const expire = (): void =>
      stop.abort(vmError('VM_TIMEOUT', `${phase} on ${host} gave no answer within ${limit} ms`))
    undo.push(clock.schedule(limit, expire))
  }

  const onProgress = (event: Progress): void => {
    try {
      loan.onProgress?.(event)
    } catch {
      // a listener's fault is not the driver's
    }
  }
  try {
    return await Promise.race([askLater(() => ask({ ...loan, signal: stop.signal, onProgress })), leftBehind])
  } catch (error) {
    throw located(error, place)
  } finally {
    for (const release of undo) release()
  }
}

/** Turns a driver that throws at once into one that rejects. */
async function askLater<T>(ask: () => Promise<T>): Promise<T> {
  return ask()
}

/** The error with phase and host filled in where the driver left them out. */
function located(error: unknown, { phase, host }: CallPlace): VmError {
  if (!isVmError(error)) {
    const words = error instanceof Error ? error.message : String(error)
    return vmError('VM_PROTOCOL', `the driver broke its contract in ${phase}: ${words}`, {
      phase,
      host,
      cause: error,
    })
  }
  return restated(error, { phase: error.phase ?? phase, host: error.host ?? host })
}
