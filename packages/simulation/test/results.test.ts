import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url))

function run(...words: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, words, (_error, stdout) => resolve(stdout))
  })
}

/** A checkout with one source, and these results. */
function checkout(results: Readonly<Record<string, object>>): string {
  const root = mkdtempSync(join(tmpdir(), 'vmferry-results-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  mkdirSync(join(root, 'docs/results'), { recursive: true })
  mkdirSync(join(root, 'src'))
  writeFileSync(join(root, 'src/one.ts'), 'one')
  for (const [name, result] of Object.entries(results))
    writeFileSync(join(root, 'docs/results', name), JSON.stringify(result))
  return root
}

const check = (root: string): Promise<string> => run(join(scripts, 'results-check.mjs'), '--root', root)

async function digests(root: string): Promise<object> {
  const program = `import { digestsOf } from '${scripts}results.mjs'; console.log(JSON.stringify(digestsOf(['src'], '${root}')))`
  return JSON.parse(await run('--input-type=module', '-e', program)) as object
}

test('the page on reliability has the figures of the last results', async () => {
  expect(await run(join(scripts, 'simulate-figures.mjs'), '--check')).toBe('')
})

test('a result that must be there and is not is named with the command that makes it', async () => {
  const lines = await check(checkout({ 'planted-bugs.json': { seeds: 1 } }))
  expect(lines).toMatch(/simulation\.json is absent: npm run simulate -- /)
  expect(lines).toMatch(/planted-bugs\.json does not say what it proves: npm run simulate:bugs/)
})

test('any result that names what it proves is out of date when that changes', async () => {
  const root = checkout({ 'bench.json': { medians: {} } })
  const result = join(root, 'docs/results/other.json')
  writeFileSync(result, JSON.stringify({ again: 'npm run other', proves: await digests(root) }))
  expect(await check(root)).not.toMatch(/other|bench/)
  writeFileSync(join(root, 'src/one.ts'), 'two')
  expect(await check(root)).toMatch(/other\.json is older than src: npm run other/)
})
