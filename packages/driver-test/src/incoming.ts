import {
  type CopyState,
  type EffectOptions,
  type Incoming,
  type Phase,
  type Ticket,
  vmError,
} from '@vmferry/core/driver'
import { type During, visit, visitWithEffect } from './gate.ts'
import type { Guest } from './guest.ts'
import { type IncomingFile, settleArrival } from './migration-file.ts'
import type { TestHost } from './test-host.ts'

/** A migration that has been prepared. */
export function incomingOf(at: TestHost, file: IncomingFile): Incoming {
  return { ticket: ticketOf(at, file), ...incomingEnd(at, file) }
}

function ticketOf(at: TestHost, { request, migration }: IncomingFile): Ticket {
  return { transport: request.transport, endpoints: { ram: at.wire.endpoint(at.host, request, migration) } }
}

/** What is left to do from the target's file: by the one who prepared it, and by whoever recalls it. */
export function incomingEnd(at: TestHost, file: IncomingFile): Omit<Incoming, 'ticket' | 'dial'> {
  const { world, host } = at
  const { domain, migration, request } = file
  const place = { side: 'target', domain } as const
  const refuse = (code: string, what: string): never => {
    const message = `the migration ${migration} of '${domain}' to ${host.name} ${what}`
    throw vmError(code, message, { host: host.name })
  }
  const effect = <T>(
    phase: Phase,
    call: EffectOptions,
    work: (during: During) => Promise<T> | T,
  ): Promise<T> =>
    visitWithEffect(at, { ...place, at: phase }, call, (during) => {
      if (file.ended === null) Object.assign(file, { phase, epoch: call.epoch })
      return work(during)
    })
  /** The copy, if there is a process for it. */
  const alive = (): Guest => {
    if (file.ended !== null) return refuse('VM_INVALID', `is ${file.ended}`)
    const { guest } = file
    if (guest && host.guests.get(domain) === guest && guest.state !== 'failed') return guest
    return refuse('VM_PHASE_FAILED', 'has no process any more')
  }
  const kill = (): void => {
    const { guest } = file
    if (!guest || host.guests.get(domain) !== guest) return
    world.change(guest, 'off')
    host.guests.delete(domain)
  }

  return {
    ready: (call) =>
      effect('ready', call, () => {
        alive()
        if (!file.loaded && !file.missing) refuse('VM_PHASE_FAILED', 'has not arrived whole')
      }),
    finish: (call) =>
      effect('finish', call, async (during) => {
        const guest = alive()
        if (!file.loaded && !file.missing) refuse('VM_INVALID', 'has not arrived whole')
        if (guest.state !== 'incoming') return
        file.marked = true
        await during()
        // a process that died between the mark and the run is not run
        const paused = request.paused || file.offer.runState === 'paused'
        world.change(alive(), paused ? 'paused' : 'running')
        // what it lacks comes from the source: nobody else may take it before
        if (file.loaded) settleArrival(file)
      }),
    reopen: (call) =>
      effect('drain', call, () => {
        alive()
        if (!file.missing) refuse('VM_INVALID', 'is not in post-copy')
        return ticketOf(at, file)
      }),
    abort: (_reason, call) =>
      effect('abort', call, async (during) => {
        if (file.ended === 'aborted') return
        if (file.ended !== null)
          refuse('VM_INVALID', `is ${file.ended}: the domain belongs to another migration`)
        kill()
        await during()
        kill()
        host.incoming.delete(migration)
        file.ended = 'aborted'
      }),
    inspect: (call) => visit(at, { ...place, at: 'inspect' }, call, () => seen(at, file)),
  }
}

/** What the target host knows about its copy. */
function seen({ host }: TestHost, file: IncomingFile): CopyState {
  const { guest, domain, loaded, missing, marked, migration, ended } = file
  const here = guest && host.guests.get(domain) === guest && guest.state !== 'failed' ? guest.state : null
  const complete = here !== null && loaded
  const whole = complete ? ', complete' : missing ? `, ${missing.size} pages are still at the source` : ''
  const mark = marked ? 'has the mark of a finish' : 'has no mark of a finish'
  return {
    run: here === null ? 'gone' : here === 'running' ? 'running' : 'stopped',
    complete,
    mayHaveRun: marked,
    revivable: complete || (here !== null && missing !== null),
    evidence: [
      `'${domain}' on ${host.name} ${here === null ? 'has no process' : `is ${here}`}${whole}`,
      `the migration ${migration} is ${ended ?? 'on file'} there and ${mark}`,
    ],
  }
}
