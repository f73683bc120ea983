import { systemClock } from '@vmferry/core'
import type { Capabilities, Clock, ConformanceSetup, HostProvider } from '@vmferry/core/driver'
import { type Bench, type BenchParts, openBench } from './bench.ts'
import type { Case } from './case.ts'
import { ensure, words } from './ensure.ts'

/** How a case came out. */
export interface CaseResult {
  readonly id: string
  readonly says: string
  readonly status: 'passed' | 'failed' | 'not-applicable'
  /** Why it failed, which flag made it not applicable, or what is to be said beside a pass. */
  readonly because: string | null
  readonly ms: number
}

/** How hosts are reached, and in which time: a part of the options of `runCases`. */
export interface CaseRunOptions {
  /** How the setup's hosts are reached: `[local(), ssh()]` of `@vmferry/host`. Default: not at all. */
  readonly hosts?: readonly HostProvider[]
  /** Default: the system's. */
  readonly clock?: Clock
}

/** What the first stage told about the driver. */
export interface Seen {
  driver: string | null
  capabilities: Capabilities | null
}

/** Milliseconds for one case, and as many for the end of what it worked on. */
const LIMIT = 120_000

/** Cases that share what the first stage told about the driver. */
export interface CaseRun {
  readonly seen: Readonly<Seen>
  /** Runs one case on hosts of its own. Never rejects. */
  prove(one: Case): Promise<CaseResult>
}

export function caseRun(
  setup: ConformanceSetup,
  { hosts = [], clock = systemClock }: CaseRunOptions = {},
): CaseRun {
  const parts: BenchParts = { setup, hosts, clock }
  const seen: Seen = { driver: null, capabilities: null }

  const opened = async (): Promise<Bench> => {
    const bench = await openBench(parts)
    ensure(bench !== null, 'the setup has no hosts: stage() resolved to null')
    seen.driver ??= bench.stage.driver.name
    seen.capabilities ??= bench.capabilities
    return bench
  }
  const open = (): Promise<Bench> => bounded(clock, opened(), 'the stage does not open')
  const judge = async (one: Case): Promise<Verdict> => {
    let bench: Bench | null = null
    let verdict: Verdict
    try {
      if (!seen.capabilities) bench = await open()
      const missing = seen.capabilities && unmet(one, seen.capabilities)
      if (missing) verdict = { status: 'not-applicable', because: missing }
      else {
        bench ??= await open()
        const said = await bounded(clock, one.prove(bench), 'a call does not settle')
        verdict = { status: 'passed', because: said ?? null }
      }
    } catch (error) {
      verdict = failed(error)
    }
    if (!bench) return verdict
    const closed = bounded(clock, bench.close(), 'the stage or a connection to it does not close')
    return closed.then(
      () => verdict,
      (error: unknown) => (verdict.status === 'failed' ? verdict : failed(error)),
    )
  }
  return {
    seen,
    async prove(one) {
      const startedAt = clock.monotonic()
      const verdict = await judge(one)
      return { id: one.id, says: one.says, ...verdict, ms: Math.round(clock.monotonic() - startedAt) }
    },
  }
}

type Verdict = Pick<CaseResult, 'status' | 'because'>

/** What the kit says itself needs no name of an error before it. */
function failed(error: unknown): Verdict {
  const because = error instanceof Error && error.name === 'Error' ? error.message : words(error)
  return { status: 'failed', because }
}

/** Which flag makes a case not applicable; null: none. */
function unmet({ needs }: Case, capabilities: Capabilities): string | null {
  const missing = needs.find((need) => !need.met(capabilities))
  return missing ? `${missing.flag} is ${missing.said(capabilities)}; it takes ${missing.wanted}` : null
}

/** @param otherwise what it means if that takes longer */
function bounded<T>(clock: Clock, work: Promise<T>, otherwise: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`no end within ${LIMIT / 1000} s: ${otherwise}`))
    const stop = clock.schedule(LIMIT, late)
    work.then(resolve, reject).finally(stop)
  })
}
