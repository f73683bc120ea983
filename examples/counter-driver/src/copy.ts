import {
  abortError,
  type CallOptions,
  type EffectOptions,
  type Performed,
  sleep,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import type { CounterHost } from './counter-host.ts'
import { ask } from './hypervisor.ts'
import type { RecordFile } from './record-file.ts'

/** Milliseconds between two looks at the copying. */
const PACE = 25

/** What the hypervisor says about the sending of a guest. */
interface Sending {
  readonly state: 'connecting' | 'active' | 'completed' | 'failed' | 'cancelled'
  readonly round: number
  readonly bytes: number
  readonly remaining: number
  readonly stoppedMs: number | null
  readonly words: string
}

/** What it says now; null: it has not been told to send the guest. */
export function sendingOf(at: CounterHost, domain: string, call: CallOptions): Promise<Sending | null> {
  return ask(at, ['progress', domain], call)
}

/** Lets the hypervisor send the guest, and waits. VM_PHASE_FAILED and VM_ABORTED: nothing more will happen. */
export async function copyGuest(
  at: CounterHost,
  { domain, migration, request, offer }: RecordFile,
  ticket: Ticket,
  call: EffectOptions,
): Promise<Performed> {
  const { host, port } = addressOf(ticket)
  const own = [domain, migration, call.epoch]
  let toldStop = false

  const tell = ({ round, bytes, remaining, stoppedMs }: Sending): void => {
    if (stoppedMs !== null && !toldStop) {
      toldStop = true
      call.onProgress?.({ type: 'stopped', ago: Math.round(stoppedMs) })
    }
    const totalBytes = offer.memoryBytes
    call.onProgress?.({
      type: 'transfer',
      round: Math.max(1, round),
      bytes,
      remainingBytes: remaining,
      totalBytes,
    })
  }

  await ask(at, ['send', ...own, host, port, request.bandwidth, request.live ? 'live' : 'stopped'], call)
  try {
    for (;;) {
      const now = await sendingOf(at, domain, call)
      if (now) tell(now)
      if (now?.state === 'completed') return performed(now)
      if (now?.state !== 'active')
        throw vmError('VM_PHASE_FAILED', `the copying of '${domain}' is ${now?.state}: ${now?.words}`, {
          host: at.host.name,
        })
      await sleep(at.clock, PACE, call.signal)
    }
  } catch (error) {
    if (!call.signal.aborted) throw error
    // the answer tells that it has stopped: only then may the rejection say so
    await ask(at, ['cancel', ...own], { signal: new AbortController().signal })
    throw abortError(call.signal, 'the copying')
  }
}

function performed({ round, bytes, stoppedMs }: Sending): Performed {
  return {
    rounds: round,
    bytes,
    ...(stoppedMs !== null && { hypervisorDowntimeMs: Math.round(stoppedMs) }),
  }
}

function addressOf({ endpoints }: Ticket): { readonly host: string; readonly port: string } {
  const [, host = '', port = ''] = /^(.*):(\d+)$/.exec(endpoints['ram'] ?? '') ?? []
  return { host, port }
}
