import { type CopyState, type EffectOptions, type Outgoing, type Phase, vmError } from '@vmferry/core/driver'
import { type During, visit, visitWithEffect } from './gate.ts'
import { isAlive } from './guest.ts'
import type { OutgoingFile } from './migration-file.ts'
import { drained, pushAgain } from './rest.ts'
import type { TestHost } from './test-host.ts'

/** What is left to do from the source's file: by the one who began it, and by whoever recalls it. */
export function outgoingEnd(at: TestHost, file: OutgoingFile): Omit<Outgoing, 'perform' | 'tune'> {
  const { world, host } = at
  const { guest, domain } = file
  return {
    offer: file.offer,
    handOver: (call) =>
      sourceEffect(at, file, 'hand-over', call, () => {
        if (file.ended !== null) refuseWrongTime(file, `is ${file.ended}`)
        if (!(file.sent || file.rest) || guest.state !== 'stopped')
          refuseWrongTime(file, `cannot be handed over: the guest is ${guest.state}`)
      }),
    drain: (call, again) =>
      sourceEffect(at, file, 'drain', call, async (_during, heard) => {
        if (file.ended !== null) refuseWrongTime(file, `is ${file.ended}`)
        if (!file.rest && !file.sent) refuseWrongTime(file, 'is not in post-copy')
        if (again) await pushAgain(at, file, again, heard)
        await drained(at, file, heard)
      }),
    confirm: (call) =>
      sourceEffect(at, file, 'confirm', call, async (during) => {
        if (file.ended === 'confirmed') return
        if (file.ended !== null) refuseWrongTime(file, `is ${file.ended}`)
        const gone = guest.state === 'failed' || guest.state === 'off'
        if (!gone && !((file.sent || file.rest) && guest.state === 'stopped'))
          refuseWrongTime(file, `cannot be confirmed: the guest is ${guest.state} at the source`)
        world.change(guest, 'off')
        await during()
        if (host.guests.get(domain) === guest) host.guests.delete(domain)
        host.outgoing.delete(file.migration)
        file.ended = 'confirmed'
      }),
    abort: (reason, call) =>
      sourceEffect(at, file, 'abort', call, async (during) => {
        if (file.ended === 'aborted') return
        if (file.ended !== null) refuseWrongTime(file, `is ${file.ended}: nothing is left to bring back`)
        const what = `the migration of '${domain}' was aborted on ${host.name}: ${reason}`
        refuseInPostCopy(file)
        const stopCopying = (): void =>
          file.copying?.abort(vmError('VM_PHASE_FAILED', what, { host: host.name, phase: 'abort' }))
        stopCopying()
        await during()
        refuseInPostCopy(file)
        stopCopying()
        const letGo = (): void => {
          host.outgoing.delete(file.migration)
          file.ended = 'aborted'
          guest.heldBy = null
        }
        // there is nothing to bring back, and nothing to keep hold of either
        if (guest.state === 'failed' || guest.state === 'off') letGo()
        bringBack(at, file)
        letGo()
      }),
    inspect: (call) => visit(at, { at: 'inspect', side: 'source', domain }, call, () => seen(at, file)),
  }
}

/** An effect of a phase on the source: filed before it happens. */
export function sourceEffect<T>(
  at: TestHost,
  file: OutgoingFile,
  phase: Phase,
  call: EffectOptions,
  work: (during: During, heard: EffectOptions) => Promise<T> | T,
): Promise<T> {
  const place = { at: phase, side: 'source', domain: file.domain } as const
  return visitWithEffect(at, place, call, (during, heard) => {
    if (file.ended === null) Object.assign(file, { phase, epoch: call.epoch })
    return work(during, heard)
  })
}

/** VM_INVALID: a call that comes at the wrong time. */
export function refuseWrongTime({ migration, domain, guest }: OutgoingFile, what: string): never {
  const message = `the migration ${migration} of '${domain}' from ${guest.host} ${what}`
  throw vmError('VM_INVALID', message, { host: guest.host })
}

/** VM_PHASE_FAILED: there is no way back from post-copy. */
function refuseInPostCopy({ rest, guest, domain }: OutgoingFile): void {
  if (!rest || !isAlive(guest)) return
  throw vmError(
    'VM_PHASE_FAILED',
    `'${domain}' on ${guest.host} is in post-copy and can never run there again`,
    {
      host: guest.host,
      phase: 'abort',
    },
  )
}

function bringBack({ world, host, capabilities }: TestHost, { guest, domain, offer }: OutgoingFile): void {
  const refuse = (what: string): never => {
    throw vmError('VM_PHASE_FAILED', what, { host: host.name, phase: 'abort' })
  }
  if (guest.state === 'failed' || guest.state === 'off')
    refuse(`the process of '${domain}' on ${host.name} is gone`)
  if (guest.state !== 'stopped') return
  if (capabilities.abortableUntil === 'never')
    refuse(`the hypervisor of ${host.name} cannot run '${domain}' again once it was stopped`)
  world.change(guest, offer.runState === 'paused' ? 'paused' : 'running')
}

/** What the source host knows about its copy. */
function seen({ host }: TestHost, { guest, domain, migration, ended, rest }: OutgoingFile): CopyState {
  const here = host.guests.get(domain) === guest ? guest.state : null
  const alive = here === 'running' || here === 'paused' || here === 'stopped'
  const words = alive ? `is ${here}` : here === null ? 'is not there any more' : 'has no process any more'
  return {
    run: here === 'running' ? 'running' : alive ? 'stopped' : 'gone',
    complete: alive,
    mayHaveRun: false,
    revivable: alive && rest === null,
    evidence: [
      `'${domain}' on ${host.name} ${words}`,
      `the migration ${migration} is ${ended ?? 'on file'} there${rest ? `, in post-copy: ${rest.size} pages to send` : ''}`,
    ],
  }
}
