/**
 * `npm run simulate:bugs [-- WORDS OF A BUG]`: plants each bug of planted-bugs.mjs in a copy of the built packages, and simulates until a seed finds it. Fails if
 * one is not found in 10,000 seeds, or cannot be planted.
 */
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PLANTED_BUGS } from './planted-bugs.mjs'
import { build, checkNode, install, root } from './workspace.mjs'

const SEEDS = 10_000
const PACKAGES = ['core', 'driver-test', 'simulation']

checkNode()
install()
build()
const wanted = process.argv.slice(2).join(' ')
let missed = 0
for (const one of PLANTED_BUGS.filter(({ bug }) => bug.includes(wanted))) {
  const found = await firstFailure(one)
  if (found === null) missed += 1
  const words = found ? `seed ${found.seed}: ${found.invariant}` : `NOT FOUND in ${SEEDS} seeds`
  process.stdout.write(`${one.bug.padEnd(78)}${words}\n`)
}
if (missed > 0) process.exitCode = 1

/** The first seed that finds the bug; null if none does. */
async function firstFailure({ bug, changes }) {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-planted-'))
  try {
    const scope = join(folder, 'node_modules/@vmferry')
    for (const name of PACKAGES)
      for (const part of ['dist', 'package.json'])
        cpSync(`${root}/packages/${name}/${part}`, join(scope, name, part), { recursive: true })
    for (const [file, old, text] of changes) plant(bug, join(scope, file), old, text)
    return await simulated(join(scope, 'simulation/dist/main.js'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function plant(bug, path, old, text) {
  const parts = readFileSync(path, 'utf8').split(old)
  if (parts.length !== 2) {
    process.stderr.write(`cannot plant '${bug}': ${path} has ${parts.length - 1} of\n${old}\n`)
    process.exit(1)
  }
  writeFileSync(path, parts.join(text))
}

function simulated(main) {
  const words = [main, '--first', '--json', '--seeds', String(SEEDS), '--workers', '2']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, words, { cwd: root, maxBuffer: 2 ** 26 }, (_error, stdout, stderr) => {
      const last = stdout.trim().split('\n').at(-1) ?? ''
      if (!last.startsWith('{')) return reject(new Error(stderr))
      resolve(JSON.parse(last).failures[0] ?? null)
    })
  })
}
