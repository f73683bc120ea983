import type { CallOptions, EffectOptions } from '@vmferry/core/driver'
import { claimPlace, type GuestFolder } from '../guest/run-directory.ts'
import type { QemuHost } from '../qemu-host.ts'
import { answersIn } from './answer.ts'
import { FENCE, LAUNCH } from './script.ts'
import { standBy } from './stand-by.ts'
import { type Answers, type Step, skim } from './step.ts'

/**
 * The one way by which a migration changes anything on a host: a script there compares the call's epoch and does the
 * steps in one critical section. What an old controller asks for has no effect, whenever it arrives.
 */
export interface Fence {
  /** Does the steps, up to the first that fails. VM_STALE, and none of them, if the host holds a higher epoch. */
  act<const S extends readonly Step[]>(steps: S, call: EffectOptions): Promise<Answers<S>>
  /** Asks, whoever has the domain. The answers come after everything that QEMU was told before. */
  ask<const S extends readonly Step[]>(steps: S, call: CallOptions): Promise<Answers<S>>
  /** As {@link Fence.act}, by a process that stands by from now on. The steps can be repeated without harm. */
  ready<const S extends readonly Step[]>(steps: S, call: CallOptions): Promise<Readied<S>>
  /** The command line of a script that does the steps as {@link Fence.act} does, once it reads an epoch from its standard input. */
  script(steps: readonly Step[]): string[]
  /** The command line of a program that files its identity and stays, unless the host holds a higher epoch. */
  launch(file: string, argv: readonly string[], call: EffectOptions): string[]
}

/** Steps that wait for their word. */
export interface Readied<S extends readonly Step[]> {
  act(call: EffectOptions): Promise<Answers<S>>
  end(): Promise<void>
}

/** Seconds that a script may take: the longest wait for the lock, or for a process to end, and some more. */
const LIMIT = 30

/** The fence of one guest: that of its domain's claims, and of its QEMU. */
export function fenceOf(at: QemuHost, domain: string, folder: GuestFolder): Fence {
  const { host } = at
  const of = { host: host.name, domain }
  const place = claimPlace(at.runDirectory, domain)
  const fenced = (steps: readonly Step[]): string[] => {
    const words = steps.flatMap((step) => wordsOf(step, at.newId()))
    return ['sh', '-c', FENCE, 'sh', ...place, folder.path, ...words]
  }
  const enter = async <const S extends readonly Step[]>(steps: S, epoch: number | '-', call: CallOptions) => {
    const asks = steps.some(({ order }) => order)
    const argv = ['timeout', `${LIMIT}`, ...fenced(asks ? [skim(), ...steps] : steps)]
    return answersIn(of, steps, await host.exec(argv, { ...call, input: inputOf(steps, epoch) }))
  }
  return {
    act: (steps, call) => enter(steps, call.epoch, call),
    ask: (steps, call) => enter(steps, '-', call),
    async ready(steps, call) {
      const waiting = await standBy(host, fenced(steps), call)
      return {
        async act(options) {
          const words = await waiting.tell(inputOf(steps, options.epoch), options)
          if (words === null) return enter(steps, options.epoch, options)
          return answersIn(of, steps, { code: 0, stdout: words, stderr: '' })
        },
        end: waiting.end,
      }
    },
    script: (steps) => fenced([skim(), ...steps]),
    launch: (file, argv, { epoch }) => ['sh', '-c', LAUNCH, 'sh', ...place, `${epoch}`, file, ...argv],
  }
}

function wordsOf({ words, order }: Step, id: string): readonly string[] {
  return order ? [words[0], id, JSON.stringify({ ...order, id })] : words
}

function inputOf(steps: readonly Step[], epoch: number | '-'): string {
  return [epoch, ...steps.flatMap(({ lines = [] }) => lines), ''].join('\n')
}
