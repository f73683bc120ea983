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

/** Milliseconds for one case. */
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
  const judge = async (one: Case): Promise<Verdict> => {
    let bench: Bench | null = null
    try {
      if (!seen.capabilities) bench = await opened()
      const missing = seen.capabilities && unmet(one, seen.capabilities)
      if (missing) return { status: 'not-applicable', because: missing }
      bench ??= await opened()
      return { status: 'passed', because: (await bounded(clock, one.prove(bench))) ?? null }
    } catch (error) {
      return { status: 'failed', because: plainWords(error) }
    } finally {
      await bench?.close()
    }
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
function plainWords(error: unknown): string {
  return error instanceof Error && error.name === 'Error' ? error.message : words(error)
}

/** Which flag makes a case not applicable; null: none. */
function unmet({ needs }: Case, capabilities: Capabilities): string | null {
  const missing = needs.find((need) => !need.met(capabilities))
  return missing ? `${missing.flag} is ${missing.said(capabilities)}; it takes ${missing.wanted}` : null
}

function bounded<T>(clock: Clock, proof: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`no end within ${LIMIT / 1000} s: a call does not settle`))
    const stop = clock.schedule(LIMIT, late)
    proof.then(resolve, reject).finally(stop)
  })
}
