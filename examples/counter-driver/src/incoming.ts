import { type CallOptions, type CopyState, type Incoming, isVmError, vmError } from '@vmferry/core/driver'
import type { CounterHost } from './counter-host.ts'
import { type Guest, guestsOf } from './domain.ts'
import { ask } from './hypervisor.ts'
import { fileRecord, type RecordFile, readRecord, removeRecord } from './record-file.ts'

/** What is left to do at the target: by the one who prepared it, and by whoever recalls it. */
export function incomingOf(at: CounterHost, record: RecordFile): Omit<Incoming, 'ticket' | 'dial'> {
  const { domain, migration, request, offer } = record
  const { name: host } = at.host

  /** The copy that this migration made; null is a proof that there is none. */
  const copy = async (call: CallOptions): Promise<Guest | null> =>
    (await guestsOf(at, call)).find((guest) => guest.migration === migration) ?? null
  /** The copy, whole. */
  const whole = async (call: CallOptions): Promise<Guest> => {
    const guest = await copy(call)
    if (guest?.complete) return guest
    const words = guest ? 'has not arrived whole' : 'has no process any more'
    throw vmError('VM_PHASE_FAILED', `'${domain}' on ${host} ${words}`, { host })
  }
  /** Whether anybody has asked for finish: another controller may have. */
  const marked = async (call: CallOptions): Promise<boolean> => {
    try {
      return (await readRecord(at, migration, 'target', call)).marked
    } catch (error) {
      if (isVmError(error, 'VM_NOT_FOUND')) return record.marked
      throw error
    }
  }

  return {
    async ready(call) {
      await whole(call)
    },
    async finish(call) {
      const guest = await whole(call)
      if (!guest.held) return
      await fileRecord(at, record, { phase: 'finish', marked: true }, call)
      const state = request.paused || offer.runState === 'paused' ? 'paused' : 'running'
      await ask(at, ['run', domain, migration, call.epoch, state], call)
    },
    async abort(_reason, call) {
      await ask(at, ['end', domain, migration, call.epoch], call)
      await removeRecord(at, migration, 'target', call)
    },
    inspect: async (call) => seen(host, domain, await copy(call), await marked(call)),
  }
}

/** What the target host knows about its copy. */
function seen(host: string, domain: string, guest: Guest | null, marked: boolean): CopyState {
  const complete = guest?.complete ?? false
  return {
    run: guest ? (guest.state === 'running' ? 'running' : 'stopped') : 'gone',
    complete,
    mayHaveRun: marked,
    revivable: complete,
    evidence: [
      `'${domain}' on ${host} ${guest ? `is ${guest.state}` : 'has no process'}${complete ? ', complete' : ''}`,
      `finish was ${marked ? '' : 'not '}asked there`,
    ],
  }
}
