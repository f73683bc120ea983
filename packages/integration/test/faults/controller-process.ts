import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { MigrateOptions, Outcome, RecoverOptions } from '@vmferry/core'
import type { Lab } from '@vmferry/lab'
import { stateOf } from '../process-state.ts'
import type { Point } from './cell.ts'

const CONTROLLER = fileURLToPath(new URL('controller.mjs', import.meta.url))

/** Short, so that a fault is noticed in seconds. */
const LIMITS = {
  check: 15_000,
  begin: 10_000,
  prepare: 15_000,
  stall: 6_000,
  ready: 5_000,
  handOver: 5_000,
  finish: 5_000,
  confirm: 8_000,
  abort: 8_000,
  settle: 10_000,
  grace: 6_000,
}

/** What a controller is to do. */
export type Errand = { readonly journal: string } & (
  | {
      readonly does: 'start'
      readonly source: string
      readonly domain: string
      readonly argv: readonly string[]
    }
  | ({
      readonly does: 'migrate'
      readonly source: string
      readonly target: string
      readonly domain: string
      readonly options?: MigrateOptions
    } & Stop)
  | { readonly does: 'recover'; readonly from: readonly string[]; readonly options?: RecoverOptions }
)

/** Where a controller stops on its way, and what becomes of it there. */
export interface Stop {
  readonly at?: Point
  /** Sends itself this signal there, instead of waiting for a word. */
  readonly self?: 'SIGKILL' | 'SIGSTOP'
  /** What was done there is done, and the answer is lost. */
  readonly losesReply?: boolean
  /** Cancels the migration in mid-copy, so that there is something to clean up. */
  readonly cancels?: boolean
}

/** How one migration ended, in a controller's own words. */
export interface Verdict {
  readonly outcome: Outcome | null
  readonly code: string | null
  readonly words: string | null
  readonly pending: readonly string[]
}

/** A controller that runs. */
export interface Controller {
  readonly pid: number
  /** Resolves once it has come to where it stops: true, or false where it ended before that. */
  readonly reached: Promise<boolean>
  /** What it said at its end; empty for one that was killed. */
  readonly ended: Promise<readonly Verdict[]>
  tell(order: 'go' | 'cancel' | 'faster' | `jump ${number}` | `tamper ${string}`): void
  signal(signal: NodeJS.Signals): void
}

/** Starts a controller on the lab's controller host. */
export function sendOn(lab: Lab, errand: Errand): Controller {
  const options = { limits: LIMITS, ...('options' in errand && errand.options) }
  const argv = [process.execPath, CONTROLLER, JSON.stringify({ ...errand, options })]
  const child = lab.controller.spawn(argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const pid = child.pid ?? 0
  let verdicts: readonly Verdict[] = []
  let arrive = (_there: boolean): void => {}
  const reached = new Promise<boolean>((resolve) => (arrive = resolve))
  const hear = (line: string): void => {
    const said = JSON.parse(line) as { reached?: true; ended?: readonly Verdict[] }
    if (said.reached) arrive(true)
    if (said.ended) verdicts = said.ended
  }
  if (child.stdout) createInterface({ input: child.stdout }).on('line', hear)
  child.stdin?.on('error', () => {})
  const ended = new Promise<readonly Verdict[]>((resolve) => child.on('close', () => resolve(verdicts)))
  const still = 'self' in errand && errand.self ? standsStill(pid) : Promise.resolve(false)
  void still.then((there) => there && arrive(true))
  void ended.then(() => arrive('self' in errand && errand.self === 'SIGKILL' && verdicts.length === 0))
  return {
    pid,
    reached,
    ended,
    tell: (order) => void child.stdin?.write(`${order}\n`),
    signal: (signal) => void child.kill(signal),
  }
}

/** Resolves once a process is stopped (true) or gone (false). */
async function standsStill(pid: number): Promise<boolean> {
  for (;;) {
    const state = (await stateOf(pid)).charAt(0) || 'X'
    if ('TXZ'.includes(state)) return state === 'T'
    await sleep(10)
  }
}
