import {
  type EffectOptions,
  isVmError,
  type MigrationRequest,
  type VmError,
  vmError,
} from '@vmferry/core/driver'
import type { QmpClient, QmpEvents } from '@vmferry/qmp'
import type { Turn } from './post-copy.ts'

/** Whose disks are watched. */
interface Watched {
  readonly host: string
  readonly request: Pick<MigrationRequest, 'abortOnError'>
  /** Once it has gone over there is no way back. */
  readonly turn: Turn
}

/** Does `copy`, and breaks it off when the guest has an I/O error of one of its disks, if that was asked for. */
export async function whileDisksWork<T>(
  monitor: QmpClient,
  { host, request, turn }: Watched,
  call: EffectOptions,
  copy: (call: EffectOptions) => Promise<T>,
): Promise<T> {
  if (!request.abortOnError) return copy(call)
  const broken = new AbortController()
  let failure: VmError | null = null
  const forget = monitor.on('BLOCK_IO_ERROR', ({ data }) => {
    if (turn.told) return
    failure ??= diskError(data, host)
    broken.abort(failure)
  })
  try {
    return await copy({ ...call, signal: AbortSignal.any([call.signal, broken.signal]) })
  } catch (error) {
    throw failure && !call.signal.aborted && isVmError(error, 'VM_ABORTED') ? failure : error
  } finally {
    forget()
  }
}

function diskError(
  { device, 'node-name': node, operation, reason }: QmpEvents['BLOCK_IO_ERROR'],
  host: string,
): VmError {
  const disk = device || node || 'one of its disks'
  return vmError(
    'VM_PHASE_FAILED',
    `the guest on ${host} had an I/O error with ${disk} (${operation}) while it was copied`,
    {
      host,
      causes: [{ host, words: reason }],
      remedy: 'look at that disk; without --abort-on-error the guest is moved as it is',
    },
  )
}
