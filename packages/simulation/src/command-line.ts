import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { Fencing } from '@vmferry/driver-test'

export const USAGE = `vmferry-simulate [--seeds N] [--from N] [--fencing host|session|none] [--workers N] [--first] [--json] [--result FILE]
vmferry-simulate --seed N [--fencing …] [--trace]

Simulates a migration for each seed, with faults of every kind in every phase, and looks at the hosts after every event.

  --seeds N      how many seeds; default 10000
  --from N       the first of them; default 0
  --fencing …    what keeps an old controller out; default: each seed chooses
  --workers N    threads; default: one for each core
  --first        ends soon after the first violation
  --json         a last line for programs
  --result FILE  writes down what was proved
  --seed N       this one alone
  --trace        with all that happens in it

Exit code: 0 every invariant held, and every cell of the matrix was hit; 1 not; 2 the command line does not parse.`

/** What was asked for. */
export interface Asked {
  readonly help: boolean
  readonly seed: number | null
  readonly trace: boolean
  readonly seeds: number
  readonly from: number
  readonly fencing: Fencing | null
  readonly workers: number
  readonly first: boolean
  readonly json: boolean
  readonly result: string | null
}

const FENCINGS: readonly string[] = ['host', 'session', 'none']

/** Reads the command line; throws an error with the reason for one that does not parse. */
export function asked(args: readonly string[]): Asked {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h' },
      seed: { type: 'string' },
      trace: { type: 'boolean' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      fencing: { type: 'string' },
      workers: { type: 'string' },
      first: { type: 'boolean' },
      json: { type: 'boolean' },
      result: { type: 'string' },
    },
  })
  const { help = false, trace = false, first = false, json = false, fencing = null, result = null } = values
  if (fencing !== null && !FENCINGS.includes(fencing))
    throw new Error(`--fencing ${fencing}: it is ${FENCINGS.join(', ')}`)
  return {
    help,
    trace,
    first,
    json,
    result,
    fencing: fencing as Fencing | null,
    seed: values.seed === undefined ? null : whole('--seed', values.seed),
    seeds: whole('--seeds', values.seeds ?? '10000'),
    from: whole('--from', values.from ?? '0'),
    workers: Math.max(1, whole('--workers', values.workers ?? String(availableParallelism()))),
  }
}

function whole(option: string, text: string): number {
  const number = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(number)) return number
  throw new Error(`${option} ${text}: it takes a whole number`)
}
