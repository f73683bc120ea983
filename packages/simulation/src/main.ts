import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { type Asked, asked, USAGE } from './command-line.ts'
import { failureLines } from './failure-lines.ts'
import { runPool } from './pool.ts'
import { shrink } from './shrink.ts'
import { simulate } from './simulate.ts'
import { cellsHit, hitTable, missedCells, type Tally } from './tally.ts'
import { thrown } from './thrown.ts'

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const complain = (line: string): void => {
  process.stderr.write(`${line}\n`)
}

process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  let wish: Asked
  try {
    wish = asked(words)
  } catch (error) {
    complain(`${thrown(error).message}\n\n${USAGE}`)
    return 2
  }
  if (wish.help) {
    say(USAGE)
    return 0
  }
  return wish.seed === null ? simulateMany(wish) : simulateOne(wish.seed, wish)
}

async function simulateOne(seed: number, { fencing, trace }: Asked): Promise<number> {
  const result = await simulate(seed, { fencing })
  if (trace) for (const line of result.trace) say(line)
  if (result.excuse !== null) say(`no more is promised: ${result.excuse}`)
  say(`hash ${result.hash}`)
  if (result.breaches.length === 0) return 0
  for (const line of failureLines(result, await shrink(result), commit())) say(line)
  return 1
}

async function simulateMany(wish: Asked): Promise<number> {
  const { from, fencing, workers, json, result } = wish
  const started = performance.now()
  let toldAt = started
  const tally = await runPool({
    ...wish,
    onTally(sum) {
      if (performance.now() - toldAt < 2_000) return
      toldAt = performance.now()
      complain(`${sum.seeds} of ${wish.seeds} seeds, ${sum.failures.length} violations`)
    },
  })
  const { seeds } = tally
  const seedsPerSecond = Math.round((seeds * 1000) / (performance.now() - started))
  const cells = cellsHit(tally)
  for (const line of hitTable(tally)) complain(line)
  for (const missed of missedCells(tally)) complain(`never hit: ${missed}`)
  for (const { seed, invariant, what } of tally.failures.slice(1, 10))
    complain(`seed ${seed}: ${invariant}: ${what}`)
  const [first] = tally.failures
  if (first) {
    const failed = await simulate(first.seed, { fencing })
    for (const line of failureLines(failed, await shrink(failed), commit())) complain(line)
  }
  const violations = tally.failures.length
  complain(
    `${seeds} seeds, ${violations} violations, ${cells.hit} of ${cells.total} cells, ${tally.excused} excused, ${seedsPerSecond} seeds a second`,
  )
  const failures = tally.failures.slice(0, 10)
  if (json) say(JSON.stringify({ type: 'simulation-complete', seeds, violations, cells, failures }))
  if (result !== null)
    writeFileSync(result, `${JSON.stringify(proof(tally, { from, workers, seedsPerSecond }), null, 2)}\n`)
  return violations === 0 && cells.hit === cells.total ? 0 : 1
}

/** What a run has proved, and of what. */
function proof(
  tally: Tally,
  figures: { readonly from: number; readonly workers: number; readonly seedsPerSecond: number },
): object {
  const { seeds, failures, excused, slowestRecoveryMs, hits } = tally
  const processors = cpus()
  return {
    commit: commit(),
    node: process.version,
    machine: `${processors.length} x ${processors[0]?.model ?? 'unknown'}`,
    seeds,
    ...figures,
    violations: failures.length,
    excused,
    slowestRecoveryMs: Math.round(slowestRecoveryMs),
    cells: cellsHit(tally),
    hits: Object.fromEntries(Object.entries(hits).toSorted(([one], [other]) => (one < other ? -1 : 1))),
  }
}

/** The commit of the working directory, if it is one. */
function commit(): string {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return 'unknown'
  }
}
