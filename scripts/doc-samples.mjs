/**
 * `npm run docs:check`, first half: type-checks each `ts` and `js` sample of the documentation, and the examples, against
 * the packages as they are built. JavaScript is checked as its reader's editor does it: not strictly.
 */
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { markdownFiles, root } from './doc-files.mjs'

const COMPILER = {
  target: 'es2023',
  lib: ['es2023'],
  types: ['node'],
  module: 'nodenext',
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: true,
}
const LANGUAGES = {
  ts: { strict: true },
  js: { strict: false, exactOptionalPropertyTypes: false, allowJs: true, checkJs: true },
}

/** What the samples of a page leave to the words around them. */
const GIVEN = {
  'README.md': `import type { Connection, Domain } from '@vmferry/core'; declare const dom: Domain, dconn: Connection`,
  'packages/host/README.md': `import { ssh } from '@vmferry/host'`,
}

/** The samples of a page, each on the lines that it has there. */
function samplesOf(page) {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(/^```(ts|js)\b.*\n([^]*?)^```$/gm)].map(({ 1: language, 2: code, index }) => {
    const line = text.slice(0, index).split('\n').length
    const before = `${'\n'.repeat(line - 1)}${GIVEN[page] ?? ''}\n`
    // a module, also where nothing is imported
    return { language, name: `${page}/${line}.${language}`, text: `${before}${code}export {}\n` }
  })
}

/** Compiles one language's files and prints what is wrong by page and line. */
function compiles(folder, language, files) {
  const config = join(folder, `tsconfig.${language}.json`)
  const compilerOptions = { ...COMPILER, ...LANGUAGES[language] }
  writeFileSync(config, JSON.stringify({ compilerOptions, files }))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { status, stdout } = spawnSync(tsc, ['-p', config, '--pretty', 'false'], {
    cwd: folder,
    encoding: 'utf8',
  })
  process.stdout.write(stdout.replaceAll(/^(.*\.md)\/\d+\.[tj]s\((\d+),(\d+)\)/gm, '$1:$2:$3'))
  return status === 0
}

const samples = markdownFiles().flatMap(samplesOf)
// the drivers among them are type-checked as packages
const examples = readdirSync(join(root, 'examples'))
  .map((name) => join(root, 'examples', name, 'main.js'))
  .filter((file) => existsSync(file))
const folder = mkdtempSync(join(tmpdir(), 'vmferry-samples-'))
try {
  for (const { name, text } of samples) {
    mkdirSync(join(folder, dirname(name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const named = (language) => samples.filter((sample) => sample.language === language).map(({ name }) => name)
  const good = [compiles(folder, 'ts', named('ts')), compiles(folder, 'js', [...named('js'), ...examples])]
  const verdict = good.every(Boolean) ? 'all compile' : 'not all compile'
  process.stdout.write(`${samples.length} samples and ${examples.length} examples: ${verdict}\n`)
  process.exitCode = good.every(Boolean) ? 0 : 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}
