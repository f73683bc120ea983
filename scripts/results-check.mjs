/**
 * `npm run results:check [-- --root FOLDER]`: fails for each result that must be there and is not, and for each that proves
 * sources which have changed since; names the command that makes it anew. One that says `nightly` takes hours: it is only told of.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { digestsOf, RESULTS, readResult } from './results.mjs'
import { root } from './workspace.mjs'

/** Those that must be there; any other in the folder is checked as soon as it says what it proves. */
const REQUIRED = {
  'qemu.json': 'npm run test:qemu',
  'faults-qemu.json': 'npm run test:faults',
  'soak-qemu.json': 'npm run soak -- --migrations 200',
  'simulation.json': 'npm run simulate -- --seeds 1000000 --result docs/results/simulation.json',
  'planted-bugs.json': 'npm run simulate:bugs',
}

const { values } = parseArgs({ options: { root: { type: 'string', default: root } } })
const there = readdirSync(join(values.root, RESULTS)).filter((name) => name.endsWith('.json'))
const names = [...new Set([...Object.keys(REQUIRED), ...there])].toSorted()
let wrong = 0
for (const name of names) {
  const result = readResult(name, values.root)
  const problem = problemOf(name, result)
  if (problem === null) continue
  if (result?.nightly !== true) wrong += 1
  process.stdout.write(`${RESULTS}/${name} ${problem}: ${result?.again ?? REQUIRED[name]}\n`)
}
process.stdout.write(`${names.length} results, ${wrong} absent or out of date\n`)
if (wrong > 0) process.exitCode = 1

function problemOf(name, result) {
  if (result === null) return 'is absent'
  const { proves } = result
  if (proves === undefined) return name in REQUIRED ? 'does not say what it proves' : null
  const now = digestsOf(Object.keys(proves), values.root)
  const changed = Object.keys(proves).filter((path) => proves[path] !== now[path])
  return changed.length === 0 ? null : `is older than ${changed.join(' and ')}`
}
