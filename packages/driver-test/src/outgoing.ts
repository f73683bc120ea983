import { type Outgoing, type Tuning, vmError } from '@vmferry/core/driver'
import { copyGuest } from './copy.ts'
import { visitWithEffect } from './gate.ts'
import type { OutgoingFile } from './migration-file.ts'
import { outgoingEnd, refuseWrongTime, sourceEffect } from './outgoing-end.ts'
import type { Stream } from './stream.ts'
import type { TestHost } from './test-host.ts'

/** A migration that has begun. */
export function outgoingOf(at: TestHost, file: OutgoingFile): Outgoing {
  const { host, capabilities, session, wire } = at
  return {
    ...outgoingEnd(at, file),
    perform: (ticket, _dial, call) =>
      sourceEffect(at, file, 'perform', call, async (during, heard) => {
        if (file.ended !== null) refuseWrongTime(file, `is ${file.ended}`)
        if (file.sent) refuseWrongTime(file, 'has been performed')
        if (file.copying) refuseWrongTime(file, 'is being performed')
        const { fencing } = capabilities
        const stop = new AbortController()
        file.copying = { fencing, abort: (reason) => stop.abort(reason) }
        let stream: Stream | null = null
        try {
          const ends = fencing === 'session' ? [session.ended] : []
          const signal = AbortSignal.any([heard.signal, stop.signal, ...ends])
          stream = await wire.open(host, ticket, file.migration, signal)
          return await copyGuest({ at, file, stream, during, call: { ...heard, signal } })
        } finally {
          // in post-copy the rest goes over it
          if (!file.rest) stream?.close()
          file.copying = null
        }
      }),
    tune: (change, call) =>
      visitWithEffect(at, { at: 'tune', side: 'source', domain: file.domain }, call, () => {
        refuseFixed(change, at, file)
        if (!file.copying) refuseWrongTime(file, 'is not being performed')
        file.limits.bandwidth = change.bandwidth ?? file.limits.bandwidth
        file.limits.maxDowntime = change.maxDowntime ?? file.limits.maxDowntime
        file.limits.suspended ||= change.suspend === true
        file.limits.postCopy ||= change.postCopy === true
      }),
  }
}

/** VM_UNSUPPORTED for what this hypervisor cannot change. */
function refuseFixed(
  { bandwidth, maxDowntime, postCopy, suspend }: Tuning,
  { host, capabilities }: TestHost,
  { request }: OutgoingFile,
): void {
  const fixed = [
    postCopy && !request.postCopy && 'to post-copy, which was not asked for at the start',
    bandwidth !== undefined && !capabilities.resource && 'the bandwidth',
    maxDowntime !== undefined && !capabilities.features['maxDowntime'] && 'the longest downtime',
    suspend && !capabilities.features['suspend'] && 'to a guest that stands still',
  ].find((what) => typeof what === 'string')
  if (fixed === undefined) return
  throw vmError('VM_UNSUPPORTED', `the hypervisor of ${host.name} cannot change ${fixed}`, {
    host: host.name,
  })
}
