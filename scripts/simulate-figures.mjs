/** The figures of docs/results/simulation.json and planted-bugs.json in docs/reliability.md. `--check` compares only. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { readResult } from './results.mjs'
import { root } from './workspace.mjs'

const PAGE = join(root, 'docs/reliability.md')
const PLACE = /(<!-- figures -->\n)[\s\S]*?(<!-- end of the figures -->)/

/** Writes the figures of the last runs into the page. */
export function writeFigures() {
  writeFileSync(PAGE, withFigures(readFileSync(PAGE, 'utf8')))
}

function withFigures(page) {
  if (!PLACE.test(page)) throw new Error('docs/reliability.md has no place for the figures')
  return page.replace(PLACE, (_all, begin, end) => `${begin}${table()}${end}`)
}

function table() {
  const { seeds, seedsPerSecond, workers, cells, violations, excused, slowestRecoveryMs, ...run } =
    readResult('simulation.json') ?? {}
  const bugs = readResult('planted-bugs.json')?.bugs ?? []
  const rows = [
    ['seeds', grouped(seeds)],
    ['violations', grouped(violations)],
    ['cells of the matrix that were hit', `${cells?.hit} of ${cells?.total}`],
    ['runs that were excused', `${grouped(excused)} (${((excused / seeds) * 100).toFixed(2)} %)`],
    ['longest recovery, in virtual time', `${(slowestRecoveryMs / 1000).toFixed(0)} s`],
    ['seeds a second', `${grouped(seedsPerSecond)}, on ${workers} of the machine's processors`],
    ['planted bugs that were found', `${bugs.filter(({ seed }) => seed !== null).length} of ${bugs.length}`],
    ['commit', `\`${run.commit}\``],
    ['machine', `${run.machine}, Node ${run.node}`],
  ]
  return ['| | |', '|---|---|', ...rows.map(([what, figure]) => `| ${what} | ${figure} |`), ''].join('\n')
}

/** 1000000 as 1,000,000. */
function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ',')
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const page = readFileSync(PAGE, 'utf8')
  if (!process.argv.includes('--check')) writeFigures()
  else if (withFigures(page) !== page) {
    process.stdout.write(
      'docs/reliability.md has other figures than docs/results: node scripts/simulate-figures.mjs\n',
    )
    process.exitCode = 1
  }
}
