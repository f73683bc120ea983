import { type CallOptions, type CopyState, type Outgoing, vmError } from '@vmferry/core/driver'
import { copyGuest, sendingOf } from './copy.ts'
import type { CounterHost } from './counter-host.ts'
import { type Guest, guestsOf } from './domain.ts'
import { ask } from './hypervisor.ts'
import { fileRecord, type RecordFile, removeRecord } from './record-file.ts'

/** The source's half of a migration, fresh from begin or found again on the host. */
export function outgoingOf(at: CounterHost, record: RecordFile): Outgoing {
  const { domain, migration, offer } = record
  const { name: host } = at.host

  /** The copy, whatever it is called by now; null is a proof that there is none. */
  const copy = async (call: CallOptions): Promise<Guest | null> =>
    (await guestsOf(at, call)).find(({ uuid }) => uuid === offer.uuid) ?? null
  const refuse = (code: string, words: string): never => {
    throw vmError(code, `'${domain}' on ${host} ${words}`, { host })
  }

  return {
    offer,
    async perform(ticket, _dial, call) {
      await fileRecord(at, record, { phase: 'perform' }, call)
      return copyGuest(at, record, ticket, call)
    },
    async handOver(call) {
      const guest = await copy(call)
      const sent = guest !== null && (await sendingOf(at, domain, call))?.state === 'completed'
      if (!sent || guest.state === 'running')
        refuse('VM_PHASE_FAILED', `should be sent and stopped, but is ${guest?.state ?? 'gone'}`)
    },
    async confirm(call) {
      const guest = await copy(call)
      if (guest?.state === 'running') refuse('VM_INVALID', 'runs: it cannot have moved')
      await ask(at, ['end', domain, migration, call.epoch], call)
      await removeRecord(at, migration, 'source', call)
    },
    async abort(_reason, call) {
      const guest = await copy(call)
      if (!guest) return refuse('VM_PHASE_FAILED', 'has no process any more')
      // a begin without an answer may not have taken hold of it
      if (guest.migration === migration) {
        await ask(at, ['cancel', domain, migration, call.epoch], call)
        await ask(at, ['run', domain, migration, call.epoch, offer.runState], call)
      }
      return removeRecord(at, migration, 'source', call)
    },
    inspect: async (call) => seen(host, domain, await copy(call)),
    async tune({ bandwidth, maxDowntime, postCopy }, call) {
      if (maxDowntime !== undefined || postCopy)
        refuse('VM_UNSUPPORTED', 'can be given another bandwidth while it is copied, and nothing else')
      if (bandwidth !== undefined) await ask(at, ['limit', domain, migration, call.epoch, bandwidth], call)
    },
  }
}

/** What the source host knows about its copy. */
function seen(host: string, domain: string, guest: Guest | null): CopyState {
  const words = guest ? `is ${guest.state}` : 'has no process any more'
  return {
    run: guest ? (guest.state === 'running' ? 'running' : 'stopped') : 'gone',
    complete: guest !== null,
    mayHaveRun: false,
    revivable: guest !== null,
    evidence: [`'${domain}' on ${host} ${words}`],
  }
}
