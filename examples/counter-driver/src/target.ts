import {
  type EffectOptions,
  type Finding,
  type MigrationRequest,
  type MigrationTarget,
  type Offer,
  vmError,
} from '@vmferry/core/driver'
import { STREAM } from './capabilities.ts'
import type { CounterHost } from './counter-host.ts'
import { type Guest, guestsOf } from './domain.ts'
import { ask, isUnknown } from './hypervisor.ts'
import { incomingOf } from './incoming.ts'
import { fileRecord, hostRecord, type RecordFile, readRecord, removeRecord } from './record-file.ts'
import { digestOf } from './source.ts'

/** The receiving half. */
export function counterTarget(at: CounterHost): MigrationTarget {
  return {
    async check(offer, request, call) {
      const findings = findingsAbout(await guestsOf(at, call), offer, request)
      const transports = [{ name: 'tcp', why: 'the hypervisor listens on a port of its own' }]
      return { findings, transports, digest: digestOf(offer, findings) }
    },

    async prepare(offer, request, call) {
      const { migration, epoch } = call
      const domain = request.rename ?? offer.domain
      const others = (await guestsOf(at, call)).filter((guest) => guest.migration !== migration)
      const [blocker] = findingsAbout(others, offer, request)
      if (blocker) throw vmError(blocker.error ?? 'VM_PHASE_FAILED', blocker.message)
      const record: RecordFile = {
        migration,
        role: 'target',
        domain,
        request,
        epoch,
        phase: 'prepare',
        offer,
        marked: false,
      }
      await fileRecord(at, record, {}, call)
      const port = await listen(at, record, call)
      // as the source sees it
      const host = request.uri?.host ?? request.target.uri.host ?? '127.0.0.1'
      return {
        ticket: { transport: request.transport, endpoints: { ram: `${host}:${port}` } },
        ...incomingOf(at, record),
      }
    },

    async recall(id, call) {
      const record = await readRecord(at, id, 'target', call)
      return { record: hostRecord(record), ...incomingOf(at, record) }
    },
  }
}

/** Makes the copy, stopped, and a port for it. A refusal takes the record back; without an answer it stays. */
async function listen(at: CounterHost, record: RecordFile, call: EffectOptions): Promise<number> {
  const { domain, migration, offer, request } = record
  const words = [domain, migration, call.epoch, offer.uuid ?? '', offer.memoryBytes, request.uri?.port ?? 0]
  try {
    return (await ask<{ port: number }>(at, ['receive', ...words], call)).port
  } catch (error) {
    if (!isUnknown(error)) await removeRecord(at, migration, 'target', call)
    throw error
  }
}

function findingsAbout(guests: readonly Guest[], offer: Offer, { rename }: MigrationRequest): Finding[] {
  const findings: Finding[] = []
  const block = (code: string, message: string, error: string, remedy: string): void => {
    findings.push({ severity: 'blocker', side: 'target', code, message, error, remedy })
  }
  const name = rename ?? offer.domain
  if (guests.some((guest) => guest.name === name))
    block(
      'name-taken',
      `there is a domain '${name}' at the target already`,
      'VM_EXISTS',
      'ask for another name',
    )
  const same = guests.find(({ uuid }) => uuid === offer.uuid)
  if (same)
    block('uuid-taken', `'${same.name}' at the target is this very guest`, 'VM_EXISTS', 'choose another host')
  if (offer.stream !== STREAM)
    block(
      'stream-unknown',
      `counter cannot receive ${offer.stream}`,
      'VM_UNSUPPORTED',
      `send it as ${STREAM}`,
    )
  return findings
}
