import { type EffectOptions, type HostRecord, vmError } from '@vmferry/core/driver'
import { type BrokenDriver, broken, guestOn, recoded } from './broken-driver.ts'
import type { Tamper } from './tampered.ts'

/** Sees whether something has been cancelled, which is another story: `then` is told. */
function untilCancelled(then: (isCancelled: () => boolean) => Tamper): Tamper {
  let cancelled = false
  const seeing =
    <A extends unknown[], T>(next: (...words: A) => Promise<T>) =>
    (...words: A): Promise<T> => {
      const { signal } = words.at(-1) as EffectOptions
      const see = (): void => {
        cancelled = true
      }
      signal.addEventListener('abort', see)
      return next(...words)
    }
  return {
    'source.begin': seeing,
    'target.prepare': seeing,
    perform: seeing,
    ready: seeing,
    'hand-over': seeing,
    ...then(() => cancelled),
  }
}

export const brokenRecalls: readonly BrokenDriver[] = [
  broken('recall.unknown', 'speaks of a broken protocol when it never heard of a migration', () => ({
    'source.recall': (next) => recoded(next, 'VM_NOT_FOUND', 'VM_PROTOCOL'),
  })),
  broken('recall.record', 'forgets the epoch in its record', () => ({
    'source.recall':
      (next) =>
      async (...words) => {
        const half = await next(...words)
        return { ...half, record: { ...half.record, epoch: 0 } }
      },
  })),
  broken('recall.listed', 'lists only what was begun over the same connection', () =>
    untilCancelled((isCancelled) => ({
      migrations:
        (next, { connection }) =>
        async (call) => {
          const records = await next(call)
          return connection > 1 && !isCancelled() ? [] : records
        },
    })),
  ),
  broken('recall.json', 'has more in its records than JSON can hold', () => ({
    migrations: (next) => async (call) =>
      (await next(call)).map((record) => ({ ...record, hint: undefined })),
  })),
  broken('recall.offer', 'recalls another offer than it made', () => ({
    'source.recall':
      (next) =>
      async (...words) => {
        const half = await next(...words)
        return { ...half, offer: { ...half.offer, memoryBytes: 1 } }
      },
  })),
  broken('recall.abort-target', 'does not abort a target for another controller', () =>
    untilCancelled((isCancelled) => ({
      'target.abort':
        (next, { recalled }) =>
        async (...words) => {
          if (!recalled || isCancelled()) await next(...words)
        },
    })),
  ),
  broken('recall.abort-source', 'does not abort a source for another controller', () =>
    untilCancelled((isCancelled) => ({
      'source.abort':
        (next, { recalled }) =>
        async (...words) => {
          if (!recalled || isCancelled()) await next(...words)
        },
    })),
  ),
  broken('recall.finish', 'does not finish for another controller', () => ({
    finish: (next, { recalled }) => (recalled ? async () => {} : next),
  })),
  broken('recall.confirm', 'does not confirm for another controller', () => ({
    confirm: (next, { recalled }) => (recalled ? async () => {} : next),
  })),
  broken('recall.source-crashed', 'forgets a source whose process is gone', () => ({
    'source.recall':
      (next, { host }) =>
      async (...words) => {
        if (guestOn(host)?.state === 'failed') throw vmError('VM_NOT_FOUND', 'there is no such process')
        return next(...words)
      },
  })),
  broken('recall.target-crashed', 'forgets a target whose process is gone', () => ({
    'target.recall':
      (next, { host }) =>
      async (...words) => {
        if (guestOn(host)?.state === 'failed') throw vmError('VM_NOT_FOUND', 'there is no such process')
        return next(...words)
      },
  })),
  broken('recall.aborted', 'lists a migration that was aborted', () => {
    const left: HostRecord[] = []
    return {
      'source.begin':
        (next, { host }) =>
        async (offer, request, call) => {
          const outgoing = await next(offer, request, call)
          const { abort } = outgoing
          const record: HostRecord = {
            migration: call.migration,
            role: 'source',
            domain: offer.domain,
            request,
            epoch: call.epoch,
            phase: 'begin',
          }
          return {
            ...outgoing,
            async abort(...words) {
              await abort(...words)
              if (host.name === 'alpha') left.push(record)
            },
          }
        },
      migrations:
        (next, { side }) =>
        async (call) =>
          side === 'source' ? [...(await next(call)), ...left] : next(call),
    }
  }),
  broken('recall.confirmed', 'lists a migration that was confirmed', () => {
    let confirmed: HostRecord | null = null
    return {
      confirm:
        (next, { host }) =>
        async (call) => {
          const file = host.outgoing.get(call.migration)
          await next(call)
          if (file) {
            const { migration, role, domain, request, epoch, phase } = file
            confirmed = { migration, role, domain, request, epoch, phase }
          }
        },
      migrations:
        (next, { side }) =>
        async (call) =>
          side === 'source' && confirmed ? [...(await next(call)), confirmed] : next(call),
    }
  }),
]
