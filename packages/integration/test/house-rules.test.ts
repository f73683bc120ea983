import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'

const scripts = fileURLToPath(new URL('../../../scripts/', import.meta.url))

interface Found {
  readonly rule: string
  readonly file: string
  readonly line?: number
}

/** A file's new text, made from the old one (empty where there was none); `null` takes the file away. */
type Plants = Record<string, ((text: string) => string) | null>

/** The rules that read only; the others pack and run, which takes its time. */
const READING = ['arrows', 'sizes', 'default-exports', 'file-names', 'driver-roles', 'ambient']

/** What the rules say about a small sound tree in which `plants` have been planted. */
async function violations(plants: Plants, rules: readonly string[] = READING): Promise<readonly Found[]> {
  const root = mkdtempSync(join(tmpdir(), 'vmferry-planted-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  cpSync(`${scripts}house-rules/fixtures/sound`, root, { recursive: true })
  for (const [file, change] of Object.entries(plants)) {
    const path = join(root, file)
    if (change === null) {
      rmSync(path)
      continue
    }
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, change(read(path)))
  }
  return JSON.parse(await run(['--root', root, '--json', '--only', rules.join(',')])) as readonly Found[]
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function run(words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [`${scripts}house-rules.mjs`, ...words], (_error, stdout, stderr) => {
      // violations are an exit code too; that no answer comes is the failure
      if (stdout === '') reject(new Error(stderr))
      else resolve(stdout)
    })
  })
}

const put = (text: string) => (): string => text
const after =
  (text: string) =>
  (before: string): string =>
    `${before}${text}`
const swap =
  (old: string, text: string) =>
  (before: string): string =>
    before.replace(old, text)
const lines = (count: number): string => 'export {}\n'.repeat(count)

const planted: readonly [rule: string, what: string, file: string, plants: Plants][] = [
  [
    'arrows',
    'a driver that knows all of core',
    'packages/driver-acme/src/driver.ts',
    { 'packages/driver-acme/src/driver.ts': swap('@vmferry/core/driver', '@vmferry/core') },
  ],
  [
    'arrows',
    'an import that is no dependency',
    'packages/driver-acme/src/source.ts',
    { 'packages/driver-acme/src/source.ts': after("export { Client } from 'ssh2'\n") },
  ],
  [
    'arrows',
    'a dependency that nothing imports',
    'packages/core/package.json',
    {
      'packages/core/package.json': swap(
        '"fast-xml-parser": "5.12.1"',
        '"fast-xml-parser": "5.12.1", "ssh2": "1.17.0"',
      ),
    },
  ],
  [
    'arrows',
    'a reference without a dependency',
    'packages/core/tsconfig.json',
    {
      'packages/core/tsconfig.json': swap('"references": []', '"references": [{ "path": "../driver-acme" }]'),
    },
  ],
  [
    'arrows',
    'a dependency without a reference',
    'packages/driver-acme/tsconfig.json',
    { 'packages/driver-acme/tsconfig.json': swap('"path": "../../packages/core"', '"path": "src"') },
  ],
  [
    'arrows',
    'an arrow that points back',
    'packages/core/package.json',
    {
      'packages/core/package.json': swap(
        '"fast-xml-parser": "5.12.1"',
        '"fast-xml-parser": "5.12.1", "@vmferry/driver-acme": "^1.0.0"',
      ),
      'packages/core/src/index.ts': after("export { acme } from '@vmferry/driver-acme'\n"),
      'packages/core/tsconfig.json': swap('"references": []', '"references": [{ "path": "../driver-acme" }]'),
    },
  ],
  [
    'arrows',
    'XML in a second file',
    'packages/core/src/stamp.ts',
    { 'packages/core/src/stamp.ts': after("export { XMLBuilder } from 'fast-xml-parser'\n") },
  ],
  [
    'arrows',
    'the container in a second file',
    'apps/cli/src/index.ts',
    { 'apps/cli/src/index.ts': after("export { container } from 'tsyringe'\n") },
  ],
  [
    'arrows',
    'a contract that imports at run time',
    'packages/core/src/driver/refuse.ts',
    { 'packages/core/src/driver/refuse.ts': after("export { stamp } from '../stamp.ts'\n") },
  ],
  [
    'arrows',
    'a path into another package',
    'apps/cli/src/index.ts',
    { 'apps/cli/src/index.ts': after("export * from '../../../packages/core/src/index.ts'\n") },
  ],
  [
    'arrows',
    'an example that imports what is no dependency of it',
    'examples/zoo/src/index.ts',
    {
      'examples/zoo/package.json': put('{ "name": "zoo", "private": true }'),
      'examples/zoo/src/index.ts': put("export { Client } from 'ssh2'\n"),
    },
  ],
  [
    'sizes',
    'a source of 251 lines',
    'packages/core/src/long.ts',
    { 'packages/core/src/long.ts': put(lines(251)) },
  ],
  [
    'sizes',
    'a package of middling files',
    'apps/cli',
    {
      'apps/cli/src/one.ts': put(lines(81)),
      'apps/cli/src/two.ts': put(lines(81)),
      'apps/cli/src/three.ts': put(lines(81)),
    },
  ],
  [
    'default-exports',
    'a default export',
    'packages/core/src/stamp.ts',
    { 'packages/core/src/stamp.ts': after('export default stamp\n') },
  ],
  [
    'default-exports',
    'a default export by another spelling',
    'packages/core/src/stamp.ts',
    { 'packages/core/src/stamp.ts': after('export { stamp as default }\n') },
  ],
  [
    'default-exports',
    'a default export in a template',
    'templates/zoo/src/index.ts',
    {
      'templates/zoo/package.json': put('{ "name": "zoo", "private": true }'),
      'templates/zoo/src/index.ts': put('export default 1\n'),
    },
  ],
  ['file-names', 'a file of utils', 'apps/cli/src/utils.ts', { 'apps/cli/src/utils.ts': put('export {}\n') }],
  [
    'file-names',
    'a folder of helpers',
    'apps/cli/src/helpers/pad.ts',
    { 'apps/cli/src/helpers/pad.ts': put('export {}\n') },
  ],
  [
    'file-names',
    'a name in camel case',
    'apps/cli/src/padLeft.ts',
    { 'apps/cli/src/padLeft.ts': put('export {}\n') },
  ],
  [
    'driver-roles',
    'a driver without a target',
    'packages/driver-acme/src/target.ts',
    { 'packages/driver-acme/src/target.ts': null },
  ],
  [
    'driver-roles',
    'a driver that is not called driver',
    'packages/driver-acme/src/index.ts',
    { 'packages/driver-acme/src/index.ts': put("export { acme } from './driver.ts'\n") },
  ],
  ...[
    'export const at = Date.now()',
    'export const at = new Date()',
    'export const later = setTimeout(() => undefined, 1)',
    'export const at = performance.now()',
    'export const luck = Math.random()',
    'export const luck = crypto.randomUUID()',
    'export const limit = AbortSignal.timeout(1)',
    'export const { env } = process',
    "export { readFile } from 'node:fs/promises'",
    "export const words = `${'a'} ${process.pid}`",
  ].map((words): [string, string, string, Plants] => [
    'ambient',
    words,
    'packages/core/src/stamp.ts',
    { 'packages/core/src/stamp.ts': after(`${words}\n`) },
  ]),
  ['licence', 'a package without its licence', 'packages/core/LICENSE', { 'packages/core/LICENSE': null }],
  [
    'licence',
    'changes that are left at home',
    'apps/cli/CHANGELOG.md',
    { 'apps/cli/package.json': swap('"CHANGELOG.md"', '"tsconfig.json"') },
  ],
  [
    'readme-examples',
    'an example that throws',
    'packages/core/README.md',
    { 'packages/core/README.md': swap('1 + 1, 2', '1 + 1, 3') },
  ],
]

describe('the house rules', () => {
  test('have nothing against a sound tree', async () => {
    expect(await violations({}, [...READING, 'licence', 'readme-examples'])).toEqual([])
  })

  test.each(planted)('%s bites: %s', async (rule, _what, file, plants) => {
    const found = await violations(plants, [...new Set([...READING, rule])])
    expect(found.map((one) => [one.rule, one.file])).toContainEqual([rule, file])
    expect(new Set(found.map((one) => one.rule))).toEqual(new Set([rule]))
  })

  test('tell the line of a violation', async () => {
    const [found] = await violations({
      'packages/core/src/stamp.ts': after('export const at = Date.now()\n'),
    })
    expect(found?.line).toBe(2)
  })
})
