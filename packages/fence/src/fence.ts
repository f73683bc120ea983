import type { CallOptions, EffectOptions, HostChannel } from '@vmferry/core/driver'
import { answersIn, type Failure } from './answer.ts'
import { claimPlace } from './claim.ts'
import { fenceScript, LAUNCH } from './script.ts'
import { standBy } from './stand-by.ts'
import type { Answers, Step } from './step.ts'

/**
 * The one way by which a migration changes anything on a host: a script there compares the call's epoch and does the
 * steps in one critical section. What an old controller asks for has no effect, whenever it arrives.
 */
export interface Fence {
  /** Does the steps, up to the first that fails. VM_STALE, and none of them, if the host holds a higher epoch. */
  act<const S extends readonly Step[]>(steps: S, call: EffectOptions): Promise<Answers<S>>
  /** Asks, whoever has the domain. */
  ask<const S extends readonly Step[]>(steps: S, call: CallOptions): Promise<Answers<S>>
  /** As {@link Fence.act}, by a process that stands by as soon as it can. The steps can be repeated without harm. */
  ready<const S extends readonly Step[]>(steps: S, call: CallOptions): Readied<S>
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

/** What is fenced: one guest of one domain on one host. */
export interface FencePlace {
  readonly host: HostChannel
  /** Absolute path of the folder on the host that the driver keeps; the claims are in it. */
  readonly runDirectory: string
  /** Whose epoch is compared. */
  readonly domain: string
  /** Absolute path of the guest's own folder, where its records are. */
  readonly folder: string
}

/** What a driver adds to the verbs of the fence. */
export interface Verbs {
  /** Shell functions, as {@link import('./script.ts').fenceScript} describes them. */
  readonly script: string
  /** Goes before steps of which one answers, except where they stand by: time is short there. */
  readonly first?: Step<null>
  /** What exit codes of its own mean. `guest` names the guest and its host. */
  readonly failures?: (guest: string) => Readonly<Record<number, Failure>>
}

/** Seconds that a script may take: the longest wait for the lock, or for a process to end, and some more. */
const LIMIT = 30

/** The fence of one guest: that of its domain's claims, and of its hypervisor. */
export function fence({ host, runDirectory, domain, folder }: FencePlace, verbs: Verbs): Fence {
  const of = { host: host.name, domain }
  const place = claimPlace(runDirectory, domain)
  const first = verbs.first ? [verbs.first] : []
  const fenced = (steps: readonly Step[]): string[] => {
    const words = steps.flatMap((step) => step.words)
    return ['sh', '-c', fenceScript(verbs.script), 'sh', ...place, folder, ...words]
  }
  const answers = <const S extends readonly Step[]>(steps: S, ended: Parameters<typeof answersIn>[3]) =>
    answersIn(of, steps, verbs.failures, ended)
  const enter = async <const S extends readonly Step[]>(steps: S, epoch: number | '-', call: CallOptions) => {
    const asks = steps.some(({ read }) => read)
    const argv = ['timeout', `${LIMIT}`, ...fenced(asks ? [...first, ...steps] : steps)]
    return answers(steps, await host.exec(argv, { ...call, input: inputOf(steps, epoch) }))
  }
  return {
    act: (steps, call) => enter(steps, call.epoch, call),
    ask: (steps, call) => enter(steps, '-', call),
    ready(steps, call) {
      const waiting = standBy(host, fenced(steps), call)
      return {
        async act(options) {
          const words = await waiting.tell(inputOf(steps, options.epoch), options)
          if (words === null) return enter(steps, options.epoch, options)
          return answers(steps, { code: 0, stdout: words, stderr: '' })
        },
        end: waiting.end,
      }
    },
    script: (steps) => fenced([...first, ...steps]),
    launch: (file, argv, { epoch }) => ['sh', '-c', LAUNCH, 'sh', ...place, `${epoch}`, file, ...argv],
  }
}

function inputOf(steps: readonly Step[], epoch: number | '-'): string {
  return [epoch, ...steps.flatMap(({ lines = [] }) => lines), ''].join('\n')
}
