import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createFerry, DRIVER, HOST_PROVIDER, isVmError } from '@vmferry/core'
import { afterAll, beforeAll, expect, test } from 'vitest'

type Core = typeof import('@vmferry/core')
type TestDriver = typeof import('@vmferry/driver-test')

const PACKAGES = fileURLToPath(new URL('../..', import.meta.url))

let folder: string
let otherCore: Core
let otherDriver: TestDriver

/** Installs what was built of a package into the folder, as npm would. */
async function installed(name: string): Promise<string> {
  const to = join(folder, 'node_modules', '@vmferry', name)
  await cp(join(PACKAGES, name, 'dist'), join(to, 'dist'), { recursive: true })
  const manifest = await readFile(join(PACKAGES, name, 'package.json'), 'utf8')
  // unit tests read the sources of this repository; the copy is what was built
  await writeFile(join(to, 'package.json'), manifest.replaceAll('@vmferry/source', '@vmferry/elsewhere'))
  return pathToFileURL(join(to, 'dist', 'index.js')).href
}

beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'vmferry-two-cores-')))
  otherCore = (await import(await installed('core'))) as Core
  otherDriver = (await import(await installed('driver-test'))) as TestDriver
})

afterAll(() => rm(folder, { recursive: true, force: true }))

test('the two copies of core are two, with one set of tokens', () => {
  expect(otherCore.createFerry).not.toBe(createFerry)
  expect(otherCore.isVmError).not.toBe(isVmError)
  expect(otherCore.DRIVER).toBe(DRIVER)
  expect(otherCore.HOST_PROVIDER).toBe(HOST_PROVIDER)
})

test('a domain migrates by a driver that stands on another copy of core', async () => {
  const world = otherDriver.createWorld({ linkBytesPerSecond: Number.POSITIVE_INFINITY })
  const ferry = createFerry({ drivers: [otherDriver.test({ world })] })
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///beta')
  const web1 = await here.domain('web1')
  const moved = await web1.migrate(there, { live: true, rename: 'web2' })
  expect(moved).toMatchObject({ name: 'web2', connection: there })
  expect(world.running(web1.uuid ?? '')).toEqual(['beta'])
  await ferry.close()
})

test('errors of each copy are known to the other', async () => {
  const world = otherDriver.createWorld({ linkBytesPerSecond: Number.POSITIVE_INFINITY })
  const ferry = createFerry({ drivers: [otherDriver.test({ world })] })
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///beta')
  const theirs: unknown = await here.domain('web9').catch((error: unknown) => error)
  expect(isVmError(theirs, 'VM_NOT_FOUND')).toBe(true)
  const ours: unknown = await here.domain('.').catch((error: unknown) => error)
  expect(otherCore.isVmError(ours, 'VM_INVALID')).toBe(true)

  // core decides what has become of the migration by the code of the driver's error
  world.faults.add({ at: 'prepare', kind: 'fail' })
  const migration = (await here.domain('web1')).migrate(there, { live: true })
  const failed: unknown = await migration.done.catch((error: unknown) => error)
  expect(failed).toMatchObject({ code: 'VM_PHASE_FAILED', phase: 'prepare', outcome: 'rolledBack' })
  expect(otherCore.isVmError(failed)).toBe(true)
  await ferry.close()
})
