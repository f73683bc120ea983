import { abortError, type CallOptions, type EffectOptions, isVmError, vmError } from '@vmferry/core'
import type { Controller } from './controller.ts'
import { type Network, noSpaceOn } from './network.ts'
import { type CallName, filesSomething, hasEffect, type Passage, stageOf } from './passage.ts'
import { thrown } from './thrown.ts'

/** Which call, and where it goes. */
export interface Destination {
  readonly host: string
  readonly call: CallName
  readonly domain: string
  readonly epoch?: number
}

/**
 * A call that crosses the network: a request and a reply, each a message of its own. The request may come twice, late, or
 * when nobody waits for it any more: then its effect is the host's business alone.
 */
export function remoteCall<C extends CallOptions, T>(
  network: Network,
  controller: Controller,
  { host: name, call, domain, epoch }: Destination,
  options: C,
  work: (heard: C) => Promise<T>,
): Promise<T> {
  const { trace, witness } = network
  const host = network.host(name)
  const passage: Passage = {
    controller,
    host: name,
    call,
    domain,
    epoch: epoch ?? null,
    stage: stageOf(call, controller),
    deliveries: [0],
    reply: 'comes',
    refusal: null,
  }
  const words = `${call} of ${controller.name} on ${name}${epoch === undefined ? '' : `, epoch ${epoch}`}`
  const stale = (): boolean =>
    hasEffect(passage) && (host.data.epochs.get(domain) ?? 0) > (epoch ?? Number.POSITIVE_INFINITY)

  return new Promise((resolve, reject) => {
    const { signal } = options
    const under = new Set<AbortController>()

    const comeBack = (settle: () => void): void => {
      network.carry(controller, name, host.slowMs, () =>
        controller.enter(() => {
          trace.tell(`returned: ${words}`)
          controller.reach({ point: 'return', passage })
          controller.enter(() => {
            signal.removeEventListener('abort', giveUp)
            settle()
          })
        }),
      )
    }
    const answer = (settle: () => void): void => {
      controller.reach({ point: 'answer', passage })
      if (passage.reply === 'is lost') return trace.tell(`reply lost: ${words}`)
      const broken = (code: string): void =>
        reject(vmError(code, `${words}: the reply ${passage.reply}`, { host: name }))
      if (passage.reply === 'cannot be read') comeBack(() => broken('VM_PROTOCOL'))
      else if (passage.reply === 'is lost with the connection') comeBack(() => broken('VM_CONNECTION'))
      else comeBack(settle)
    }
    /** What the host asks back: its question and the answer are messages too, each of which may be lost. */
    const permit = (step: 'postcopy'): Promise<void> =>
      new Promise((may, mayNot) => {
        const reply = (answered: () => void): void =>
          network.carry(controller, name, host.slowMs, () => {
            controller.reach({ point: 'answer', passage: question })
            if (question.reply === 'comes') answered()
          })
        const question: Passage = {
          ...passage,
          call: 'permit',
          stage: 'switchover',
          deliveries: [0],
          reply: 'comes',
        }
        network.carry(controller, name, host.slowMs, () =>
          controller.enter(() => {
            if (!('permit' in options)) return
            const { permit: ask } = options as unknown as Pick<EffectOptions, 'permit'>
            ask(step).then(
              () => reply(may),
              (error: unknown) => reply(() => mayNot(thrown(error))),
            )
          }),
        )
      })
    const arrive = async (): Promise<void> => {
      trace.tell(`arrived: ${words}`)
      controller.reach({ point: 'arrive', passage })
      const stop = new AbortController()
      under.add(stop)
      host.work.add(stop)
      if (stale()) witness.staleArrived(passage)
      const onProgress = (event: Parameters<NonNullable<CallOptions['onProgress']>>[0]): void =>
        network.carry(controller, name, 0, () => controller.enter(() => options.onProgress?.(event)))
      const asked = { ...options, signal: stop.signal, onProgress }
      const heard = 'permit' in options ? { ...asked, permit: (step: 'postcopy') => permit(step) } : asked
      try {
        if (passage.refusal) throw passage.refusal
        if (host.full && filesSomething(passage)) throw noSpaceOn(name)
        const result = await work(heard)
        if (stale()) witness.staleLanded(passage)
        if (host.work.has(stop)) answer(() => resolve(result))
      } catch (error) {
        trace.tell(`refused: ${words}: ${thrown(error).message}`)
        // a host that has lost its power says nothing
        if (host.work.has(stop)) answer(() => reject(thrown(error)))
      } finally {
        under.delete(stop)
        host.work.delete(stop)
      }
    }
    /** Whoever stops waiting says so to the host. Only the host can say that nothing more will happen. */
    const giveUp = (): void =>
      controller.enter(() => {
        const reason: unknown = signal.reason
        network.carry(controller, name, 0, () => {
          for (const stop of under) stop.abort(reason)
        })
        if (!isVmError(reason, 'VM_ABORTED')) reject(abortError(signal, words))
      })

    controller.enter(() => {
      if (call === 'begin') controller.begun = true
      trace.tell(`sent: ${words}`)
      controller.reach({ point: 'send', passage })
      controller.enter(() => {
        signal.addEventListener('abort', giveUp, { once: true })
        // a controller that froze as it sent may wake after its time
        if (signal.aborted) giveUp()
        for (const delay of passage.deliveries)
          network.carry(controller, name, delay + host.slowMs, () => void arrive())
      })
    })
  })
}
