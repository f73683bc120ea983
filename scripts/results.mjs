/**
 * The results in docs/results: figures, `again` (the command that makes the file anew), and `proves` (files and folders of
 * the repository, each with a digest of what was there when it was proved). A result that says so is held to it by
 * `npm run results:check`.
 */
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { release } from 'node:os'
import { join } from 'node:path'
import { root } from './workspace.mjs'

/** Where results are, from the root of a checkout. */
export const RESULTS = 'docs/results'

/** The digests of files and folders as they are now, by their paths from the root; one that is not there has none. */
export function digestsOf(paths, base = root) {
  return Object.fromEntries(paths.map((path) => [path, digestOf(path, base)]))
}

/** Writes a result down. `proves` are the digests from before the run: what changes meanwhile is not proved. */
export function writeResult(name, { again, proves, ...figures }) {
  writeFileSync(join(root, RESULTS, name), `${JSON.stringify({ ...figures, again, proves }, null, 2)}\n`)
}

/** Of which commit a run on real QEMU is, and with which versions. */
export function runOnQemu() {
  const firstLine = (program, ...words) =>
    execFileSync(program, words, { cwd: root, encoding: 'utf8' }).split('\n')[0]
  const qemu = firstLine('qemu-system-x86_64', '--version')
  const versions = { node: process.version, qemu, kernel: release() }
  return { commit: firstLine('git', 'rev-parse', 'HEAD'), versions }
}

/** A result; null if there is none. */
export function readResult(name, base = root) {
  const path = join(base, RESULTS, name)
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null
}

/** SHA-256 over the names and contents of all files there, of which sixteen digits tell enough. */
function digestOf(path, base) {
  const hash = createHash('sha256')
  for (const file of filesAt(path, base))
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(base, file)))
      .update('\0')
  return existsSync(join(base, path)) ? hash.digest('hex').slice(0, 16) : null
}

function filesAt(path, base) {
  const whole = join(base, path)
  if (!existsSync(whole)) return []
  if (statSync(whole).isFile()) return [path]
  return readdirSync(whole)
    .toSorted()
    .flatMap((name) => filesAt(`${path}/${name}`, base))
}
