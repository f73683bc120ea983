/**
 * `npm run simulate:bugs [-- --all] [WORDS OF A BUG]`: plants each bug of planted-bugs.mjs in a copy of the built packages, and
 * simulates until a seed finds it. Fails if one is not found in 10,000 seeds, or cannot be planted. The seeds that found them
 * are in docs/results/planted-bugs.json: the next run begins with those, and goes on to all others; `--all` begins with seed 0.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { PLANTED_BUGS } from './planted-bugs.mjs'
import { digestsOf, readResult, writeResult } from './results.mjs'
import { writeFigures } from './simulate-figures.mjs'
import { build, checkNode, install, root } from './workspace.mjs'

const NAME = 'planted-bugs.json'
const SEEDS = 10_000
const PACKAGES = ['core', 'driver-test', 'simulation']
const SOURCES = [...PACKAGES.map((name) => `packages/${name}/src`), 'scripts/planted-bugs.mjs']

const { values, positionals } = parseArgs({ options: { all: { type: 'boolean' } }, allowPositionals: true })
checkNode()
install()
const proves = digestsOf(SOURCES)
build()

const base = mkdtempSync(join(tmpdir(), 'vmferry-planted-'))
const children = new Set()
process.on('exit', () => {
  for (const child of children) child.kill()
  rmSync(base, { recursive: true, force: true })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1))

const recorded = values.all ? [] : (readResult(NAME)?.bugs ?? [])
const wanted = PLANTED_BUGS.filter(({ bug }) => bug.includes(positionals.join(' ')))
const bugs = []
const waiting = [...wanted.entries()]
await Promise.all(Array.from({ length: Math.min(4, availableParallelism()) }, work))

const missed = bugs.filter(({ seed }) => seed === null)
process.stdout.write(`${bugs.length - missed.length} of ${bugs.length} planted bugs were found\n`)
if (missed.length > 0) process.exitCode = 1
else if (wanted.length === PLANTED_BUGS.length) {
  writeResult(NAME, { node: process.version, seeds: SEEDS, bugs, again: 'npm run simulate:bugs', proves })
  writeFigures()
}

async function work() {
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const [index, one] = next
    const found = await firstFailure(one)
    bugs[index] = { bug: one.bug, seed: found?.seed ?? null, invariant: found?.invariant ?? null }
    const words = found ? `seed ${found.seed}: ${found.invariant}` : `NOT FOUND in ${SEEDS} seeds`
    process.stdout.write(`${one.bug.padEnd(88)}${words}\n`)
  }
}

/** A seed that finds the bug: where it was found before, else the first; null if none does. */
async function firstFailure({ bug, changes }) {
  const main = planted(bug, changes)
  const start = recorded.find((one) => one.bug === bug)?.seed ?? 0
  return (await simulated(main, start, SEEDS - start)) ?? (start > 0 ? simulated(main, 0, start) : null)
}

/** The command of a copy that has the bug: the checkout itself is never touched. */
function planted(bug, changes) {
  const scope = join(mkdtempSync(join(base, 'bug-')), 'node_modules/@vmferry')
  for (const name of PACKAGES) {
    mkdirSync(join(scope, name), { recursive: true })
    for (const part of ['dist', 'package.json'])
      cpSync(`${root}/packages/${name}/${part}`, join(scope, name, part), { recursive: true })
  }
  for (const [file, old, text] of changes) plant(bug, join(scope, file), old, text)
  return join(scope, 'simulation/dist/main.js')
}

function plant(bug, path, old, text) {
  const parts = readFileSync(path, 'utf8').split(old)
  if (parts.length !== 2) {
    process.stderr.write(`cannot plant '${bug}': ${path} has ${parts.length - 1} of\n${old}\n`)
    process.exit(1)
  }
  writeFileSync(path, parts.join(text))
}

function simulated(main, from, seeds) {
  const range = ['--from', String(from), '--seeds', String(seeds)]
  const words = [main, '--first', '--json', '--workers', '1', ...range]
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      words,
      { cwd: root, maxBuffer: 2 ** 26 },
      (_error, stdout, stderr) => {
        children.delete(child)
        const last = stdout.trim().split('\n').at(-1) ?? ''
        if (!last.startsWith('{')) return reject(new Error(stderr))
        resolve(JSON.parse(last).failures[0] ?? null)
      },
    )
    children.add(child)
  })
}
