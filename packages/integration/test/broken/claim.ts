import { type EffectOptions, isVmError, vmError } from '@vmferry/core/driver'
import { test } from '@vmferry/driver-test'
import { type BrokenDriver, broken, guestOn, recoded } from './broken-driver.ts'

/** A call that, refused for its epoch, is made once more with one that is high enough. */
function deaf<A extends unknown[], T>(next: (...words: A) => Promise<T>): (...words: A) => Promise<T> {
  return async (...words) => {
    try {
      return await next(...words)
    } catch (error) {
      if (!isVmError(error, 'VM_STALE')) throw error
      const call = words.at(-1) as EffectOptions
      return next(...([...words.slice(0, -1), { ...call, epoch: 99 }] as A))
    }
  }
}

export const brokenClaims: readonly BrokenDriver[] = [
  broken('claim.grants', 'tells another epoch than it has granted', () => ({
    claim:
      (next) =>
      async (...words) => ({ ...(await next(...words)), epoch: 1 }),
  })),
  broken('claim.stale', 'grants one epoch twice', () => ({
    claim:
      (next, { host }) =>
      async (domain, epoch, call) =>
        host.epochs.get(domain) === epoch ? { domain, epoch } : next(domain, epoch, call),
  })),
  broken('claim.told', 'keeps to itself which epoch the host holds', () => ({
    claim: (next) => recoded(next, 'VM_STALE', 'VM_STALE'),
  })),
  broken('claim.shared', 'remembers the epoch per connection', () => ({
    claim:
      (next, { host, connection }) =>
      async (domain, epoch, call) => {
        const lower = epoch < (host.epochs.get(domain) ?? 0)
        return connection > 1 && lower ? { domain, epoch } : next(domain, epoch, call)
      },
  })),
  broken('claim.fences-begin', 'begins for an old epoch', () => ({ 'source.begin': deaf })),
  broken('claim.fences-prepare', 'prepares for an old epoch', () => ({ 'target.prepare': deaf })),
  broken('claim.fences-finish', 'accepts a stale epoch in finish', () => ({ finish: deaf })),
  broken('claim.fences-confirm', 'ends the source for an old epoch', () => ({ confirm: deaf })),
  broken('claim.fences-abort', 'runs the source again for an old epoch', () => ({ 'source.abort': deaf })),
  broken(
    'claim.ends-session',
    'finishes over a session that a claim has ended',
    ({ world }) => ({
      finish:
        (next, { host }) =>
        (call) =>
          next(call).catch((error: unknown) => {
            const guest = guestOn(host)
            if (!isVmError(error, 'VM_STALE') || !guest) throw error
            world.change(guest, 'running')
          }),
    }),
    (world) => test({ world, fencing: 'session' }),
  ),
  broken('claim.newer', 'keeps out the new holder too', () => ({
    'source.abort': (next) => async (reason, call) => {
      if (call.epoch > 1) throw vmError('VM_STALE', 'that epoch is unknown here')
      return next(reason, call)
    },
  })),
]
