import { createHash } from 'node:crypto'
import { changedSinceCheck, type EffectOptions, type MigrationSource, type Offer } from '@vmferry/core/driver'
import { STREAM } from './capabilities.ts'
import type { CounterHost } from './counter-host.ts'
import { type Guest, guestNamed, refuseHeld } from './domain.ts'
import { ask, isUnknown } from './hypervisor.ts'
import { outgoingOf } from './outgoing.ts'
import { fileRecord, hostRecord, type RecordFile, readRecord, removeRecord } from './record-file.ts'

/** The sending half. */
export function counterSource(at: CounterHost): MigrationSource {
  return {
    async check(domain, _request, call) {
      const guest = await guestNamed(at, domain, call)
      refuseHeld(guest)
      const offer = offerOf(guest)
      const transports = [{ name: 'tcp', why: 'the hypervisors speak to each other' }]
      return { offer, findings: [], transports, digest: digestOf(offer) }
    },

    async begin(offer, request, call) {
      const { domain } = offer
      const { migration, epoch } = call
      const guest = await guestNamed(at, domain, call)
      refuseHeld(guest, migration)
      if (digestOf(offerOf(guest)) !== digestOf(offer)) throw changedSinceCheck(domain, at.host.name)
      const record: RecordFile = {
        migration,
        role: 'source',
        domain,
        request,
        epoch,
        phase: 'begin',
        offer,
        marked: false,
      }
      await fileRecord(at, record, {}, call)
      await takeHold(at, record, call)
      // the migration that brought the guest here has no say any more
      if (guest.migration !== null && guest.migration !== migration)
        await removeRecord(at, guest.migration, 'target', call)
      return outgoingOf(at, record)
    },

    async recall(id, call) {
      const record = await readRecord(at, id, 'source', call)
      return { record: hostRecord(record), ...outgoingOf(at, record) }
    },
  }
}

/** A refusal takes the record back; without an answer it stays, for whoever asks. */
async function takeHold(at: CounterHost, record: RecordFile, call: EffectOptions): Promise<void> {
  try {
    await ask(at, ['hold', record.domain, record.migration, call.epoch], call)
  } catch (error) {
    if (!isUnknown(error)) await removeRecord(at, record.migration, 'source', call)
    throw error
  }
}

function offerOf({ name, uuid, state, bytes }: Guest): Offer {
  const runState = state === 'running' ? 'running' : 'paused'
  return { domain: name, uuid, stream: STREAM, runState, memoryBytes: bytes, definition: null }
}

/** Equal facts have equal digests. */
export function digestOf(...facts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex')
}
