import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface Manifest {
  readonly name: string
  readonly private?: boolean
  readonly exports?: Readonly<Record<string, unknown>>
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const TSC = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin', 'tsc')

/** What an application writes: every line that does not compile must not, and every other must. */
const APPLICATION = `
import { createFerry, lazy } from '@vmferry/core'
import { virDomainMigrate } from '@vmferry/core/libvirt'
import { qemu } from '@vmferry/driver-qemu'
import { local, ssh } from '@vmferry/host'

const memory = lazy('test', () => import('@vmferry/driver-test'))
const ferry = createFerry({ drivers: [qemu(), memory], hosts: [local(), ssh()] })
const here = await ferry.connect('qemu+ssh://root@alpha/system')
const there = await ferry.connect('qemu+ssh://root@beta/system')
const web1 = await here.domain('web1')
const migration = web1.migrate(there, { live: true, bandwidth: 800, rename: 'web2', uri: 'ssh://root@beta/' })
for await (const event of migration) console.log(event.type)
const moved: string = (await migration).connection.uri
const denied: false = here.capabilities.offline
// @ts-expect-error -- QEMU's driver has no such transport
web1.migrate(there, { uri: 'rdma://beta' })
// @ts-expect-error -- nor has the driver that is loaded later
web1.migrate(await ferry.connect('test:///beta'), { copyStorage: true })
const given = await ferry.connect(process.argv[2] ?? '')
web1.migrate(given, { live: true, rename: 'web2' })
;(await given.domain('web1')).migrate(given, { postCopy: true, uri: 'rdma://beta' })
console.log(moved, denied, await virDomainMigrate(web1, there, 1, null, null, 0))
`

let folder: string

/** Every subpath that a stranger can import of the published packages. */
async function entryPoints(): Promise<readonly string[]> {
  const found: string[] = []
  for (const place of ['packages', 'apps']) {
    for (const name of await readdir(join(ROOT, place))) {
      const text = await readFile(join(ROOT, place, name, 'package.json'), 'utf8').catch(() => null)
      const manifest = text === null ? null : (JSON.parse(text) as Manifest)
      if (manifest === null || manifest.private === true) continue
      const typed = Object.entries(manifest.exports ?? {}).filter(([, way]) => hasTypes(way))
      found.push(...typed.map(([path]) => `${manifest.name}${path.slice(1)}`))
    }
  }
  return found
}

function hasTypes(way: unknown): boolean {
  return typeof way === 'object' && way !== null && 'types' in way
}

/** What the compiler says about the folder; empty if nothing. */
async function compiled(options: Readonly<Record<string, unknown>>): Promise<string> {
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    types: ['node'],
    noEmit: true,
    skipLibCheck: false,
    ...options,
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  return new Promise((resolve) => {
    execFile(process.execPath, [TSC, '-p', folder], (error, stdout) =>
      resolve(error ? stdout || error.message : ''),
    )
  })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vmferry-consumer-'))
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const all = (await entryPoints()).map(
    (path, index) => `export * as entry${index} from ${JSON.stringify(path)}`,
  )
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(join(folder, 'everything.ts'), all.join('\n'))
  await writeFile(join(folder, 'application.ts'), APPLICATION)
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('every entry point of every published package is known', async () => {
  expect(await entryPoints()).toEqual(
    expect.arrayContaining([
      '@vmferry/core',
      '@vmferry/core/driver',
      '@vmferry/core/libvirt',
      '@vmferry/driver-qemu',
      '@vmferry/driver-test',
      '@vmferry/driver-xen',
      '@vmferry/fence',
      '@vmferry/host',
      '@vmferry/qmp',
      'vmferry',
    ]),
  )
})

test('a consumer that checks libraries too compiles against what was built', async () => {
  expect(await compiled({ strict: true })).toBe('')
})

test('so does the strictest consumer', async () => {
  const options = { exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, isolatedModules: true }
  expect(await compiled({ strict: true, ...options, noPropertyAccessFromIndexSignature: true })).toBe('')
})
