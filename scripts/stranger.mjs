/** A stranger's folder, far from the repository: what is published is installed there and used. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { entryPoints, exampleOf, publicPackages } from './public-packages.mjs'
import { root } from './workspace.mjs'

/** Calls `visit` with an empty folder that is gone afterwards. */
export function inEmptyFolder(visit) {
  const folder = mkdtempSync(join(tmpdir(), 'vmferry-stranger-'))
  try {
    return visit(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Makes a folder a package, and installs tarballs and further packages there. */
export function install(folder, tarballs, further = []) {
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n')
  add(folder, tarballs, ['--omit=optional', ...further])
}

/** Installs tarballs and what the folder's package asks for. No package's scripts are run. */
export function add(folder, tarballs, further = []) {
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock']
  run('npm', [...words, ...tarballs.map(({ path }) => path), ...further], folder)
}

/** The packages below node_modules, nested ones too. */
export function installed(folder) {
  const below = join(folder, 'node_modules')
  if (!existsSync(below)) return []
  return readdirSync(below)
    .filter((name) => !name.startsWith('.'))
    .flatMap((name) =>
      name.startsWith('@') ? readdirSync(join(below, name)).map((part) => `${name}/${part}`) : name,
    )
    .flatMap((name) => [name, ...installed(join(below, name))])
}

/** Files the programs that {@link use} runs and type-checks them as a careful stranger would. */
export function prepare(folder) {
  const entries = publicPackages().flatMap(({ manifest }) => entryPoints(manifest))
  const code = entries.filter(({ types }) => types !== null).map(({ name }) => name)
  const all = JSON.stringify(entries.map(({ name }) => name))
  const names = JSON.stringify(code)
  const put = (name, text) => writeFileSync(join(folder, name), text)
  put(
    'import.mjs',
    `for (const name of ${names}) if (Object.keys(await import(name)).length === 0) throw new Error(name)\n`,
  )
  put(
    'require.cjs',
    `for (const name of ${names}) require(name)\nfor (const name of ${all}) require.resolve(name)\n`,
  )
  const library = exampleOf(join(root, 'README.md'), 'ts')
  put('readme.mts', library)
  put('typed.mts', overTestDriver(library))
  put('library.mjs', overTestDriver(library))
  for (const name of ['core', 'driver-test'])
    put(`${name}.mjs`, exampleOf(join(folder, `node_modules/@vmferry/${name}/README.md`), 'js'))
  put('every.mts', code.map((name, index) => `export * as e${index} from '${name}'\n`).join(''))
  const options = {
    strict: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
  }
  put('tsconfig.json', JSON.stringify({ compilerOptions: options, include: ['*.mts'] }))
  run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], folder)
}

/** The same program where there are no hosts: it must run as it stands there, but for the driver and the URIs. */
function overTestDriver(program) {
  const changed = program
    .replace("{ qemu } from '@vmferry/driver-qemu'", "{ test } from '@vmferry/driver-test'")
    .replace('qemu()', 'test()')
    .replace('qemu+ssh://root@alpha/system', 'test:///default')
    .replace('qemu+ssh://root@beta/system', 'test:///other')
  if (changed.includes('qemu')) throw new Error(`the example in README.md has changed:\n${changed}`)
  return changed
}

/** Imports, requires and runs everything with the given Node. */
export function use(folder, node = process.execPath) {
  for (const program of [
    'import.mjs',
    'require.cjs',
    'library.mjs',
    'typed.mjs',
    'core.mjs',
    'driver-test.mjs',
  ])
    run(node, [program], folder)
  const command = join(folder, 'node_modules/.bin/vmferry')
  const version = run(node, [command, '--version'], folder).trim()
  if (!version.includes(publicPackages().find(({ name }) => name === 'vmferry').version))
    throw new Error(`vmferry --version says ${version}`)
  const words = ['migrate', 'test:///default', 'web1', 'test:///other', '--live', '--json']
  const events = run(node, [command, ...words], folder)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  if (events.at(-1).outcome !== 'migrated') throw new Error(`vmferry migrate ended ${events.at(-1).outcome}`)
}

/** Runs a command, and rejects with all that it said; the chosen Node comes first on its path. */
export function run(command, words, cwd) {
  const path = `${command.includes('/') ? dirname(command) : dirname(process.execPath)}:${process.env.PATH}`
  try {
    return execFileSync(command, words, {
      cwd,
      encoding: 'utf8',
      env: { ...process.env, PATH: path },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    const said = `${error.stdout ?? ''}${error.stderr ?? ''}`
    throw new Error(`${command} ${words.join(' ')}\n${said}`, { cause: error })
  }
}
