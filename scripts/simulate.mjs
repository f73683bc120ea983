/**
 * `npm run simulate -- --seeds N [--json] [--result FILE] …`: builds what has changed, then simulates; words that follow go to
 * the command. The result docs/results/simulation.json says what it proves, and docs/reliability.md gets its figures.
 */
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { digestsOf, RESULTS, readResult, writeResult } from './results.mjs'
import { writeFigures } from './simulate-figures.mjs'
import { build, checkNode, install, root } from './workspace.mjs'

const NAME = 'simulation.json'
const SOURCES = ['packages/core/src', 'packages/driver-test/src', 'packages/simulation/src']

checkNode()
install()
const proves = digestsOf(SOURCES)
build()
const words = process.argv.slice(2)
const command = `${root}/packages/simulation/bin/vmferry-simulate.js`
const { status } = spawnSync(process.execPath, [command, ...words], { stdio: 'inherit' })
process.exitCode = status ?? 1

const file = words[words.indexOf('--result') + 1]
const isOurs = words.includes('--result') && resolve(file) === resolve(root, RESULTS, NAME)
if (isOurs && status === 0) {
  const again = `npm run simulate -- ${words.join(' ')}`
  writeResult(NAME, { ...readResult(NAME), again, proves })
  writeFigures()
}
