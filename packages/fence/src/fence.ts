import type { CallOptions, Clock, EffectOptions, HostChannel } from '@vmferry/core/driver'
import { answersIn, type Failure } from './answer.ts'
import { claimPlace } from './claim.ts'
import { fenceScript, LAUNCH, OWN_VERBS, stayingAct } from './script.ts'
import type { StayingShell } from './staying-shell.ts'
import { type StayingShells, stayingShells } from './staying-shells.ts'
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
  /** Has a shell of the host do from now on what is asked here: one round trip each, and no script starts. Does not wait for one that has to come up. */
  stay(call: CallOptions): void
  /** Gives it back. Idempotent. */
  leave(): Promise<void>
  /** The command line of a script that does the steps as {@link Fence.act} does, once it reads an epoch from its standard input. */
  script(steps: readonly Step[]): string[]
  /** The command line of a program that files its identity and stays, unless the host holds a higher epoch. */
  launch(file: string, argv: readonly string[], call: EffectOptions): string[]
}

/** The fences of a driver's connection to a host. */
export interface Fences {
  /**
   * That of one guest: of its domain's claims, and of its hypervisor.
   *
   * @param domain whose epoch is compared
   * @param folder absolute path of the guest's own folder, where its records are
   */
  of(domain: string, folder: string): Fence
  /** Before the connection is closed: no shell waits for the next guest any more. A host that does not answer is not waited for. */
  end(): Promise<void>
}

/** Where they are. */
export interface FencePlace {
  readonly host: HostChannel
  readonly clock: Clock
  /** Absolute path of the folder on the host that the driver keeps; the claims are in it. */
  readonly runDirectory: string
}

/** What a driver adds to the verbs of the fence. */
export interface Verbs {
  /** Shell functions, as {@link import('./script.ts').fenceScript} describes them. */
  readonly script: string
  /** Goes before steps of which one answers. A shell that stays does it once, unless a script has done it before. */
  readonly first?: Step<null>
  /** What exit codes of its own mean. `guest` names the guest and its host. */
  readonly failures?: (guest: string) => Readonly<Record<number, Failure>>
}

/** Seconds that a script may take: the longest wait for the lock, or for a process to end, and some more. */
const LIMIT = 30

/** Those of a host, all with the same verbs. A shell that came up for one guest serves the next, too. */
export function fences(place: FencePlace, verbs: Verbs): Fences {
  const shells = stayingShells(place, verbs)
  return { of: (domain, folder) => fenceOf(place, verbs, shells, domain, folder), end: shells.end }
}

function fenceOf(
  { host, runDirectory }: FencePlace,
  verbs: Verbs,
  shells: StayingShells,
  domain: string,
  folder: string,
): Fence {
  const of = { host: host.name, domain }
  const place = claimPlace(runDirectory, domain)
  const guest = [domain, folder]
  const first = verbs.first ? [verbs.first] : []
  const fenced = (steps: readonly Step[]): string[] => [
    'sh',
    '-c',
    fenceScript(verbs.script),
    'sh',
    ...place,
    folder,
    ...wordsOf(steps),
  ]
  const byScript = async (steps: readonly Step[], epoch: number | '-', call: CallOptions) => {
    const limit = steps.every(({ words: [verb] }) => OWN_VERBS.includes(verb)) ? [] : ['timeout', `${LIMIT}`]
    const input = [epoch, ...linesOf(steps), ''].join('\n')
    return host.exec([...limit, ...fenced(steps)], { ...call, input, leavesNobody: true })
  }
  let shell: StayingShell | null = null
  let opened = false
  const enter = async <const S extends readonly Step[]>(steps: S, epoch: number | '-', call: CallOptions) => {
    const whole = steps.some(({ read }) => read) ? [...first, ...steps] : steps
    const rest = opened ? steps : whole
    const told = await shell?.run(stayingAct(epoch, [...guest, ...wordsOf(rest)], linesOf(rest)), call)
    const said = told ? { code: null, ...told } : await byScript(whole, epoch, call)
    const answers = answersIn(of, steps, verbs.failures, said)
    opened ||= whole !== steps
    return answers
  }
  return {
    act: (steps, call) => enter(steps, call.epoch, call),
    ask: (steps, call) => enter(steps, '-', call),
    stay(call) {
      shell ??= shells.take(call)
    },
    async leave() {
      const given = shell
      shell = null
      if (given) await shells.give(given)
    },
    script: (steps) => fenced([...first, ...steps]),
    launch: (file, argv, { epoch }) => ['sh', '-c', LAUNCH, 'sh', ...place, `${epoch}`, file, ...argv],
  }
}

function wordsOf(steps: readonly Step[]): string[] {
  return steps.flatMap(({ words }) => words)
}

/** What the steps read. */
function linesOf(steps: readonly Step[]): string[] {
  return steps.flatMap(({ lines = [] }) => lines)
}
