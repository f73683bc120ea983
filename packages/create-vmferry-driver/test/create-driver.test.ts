import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { createDriver } from '../src/create-driver.ts'
import { type Said, wishFrom } from '../src/wish.ts'

let cwd: string

beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), 'vmferry-create-'))
  onTestFinished(() => rmSync(made, { recursive: true, force: true }))
  cwd = made
})

const create = (said: Said): Promise<number> => createDriver(wishFrom(said, cwd))
const read = (path: string): string => readFileSync(join(cwd, path), 'utf8')
const manifest = (path: string): Record<string, unknown> =>
  JSON.parse(read(`${path}/package.json`)) as Record<string, unknown>

test('all that was acme is the driver’s own', async () => {
  await create({ folder: 'zoo', name: '@you/driver-zebra', scheme: 'zebra2' })
  const files = readdirSync(join(cwd, 'zoo'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n')
  expect(`${files.join('\n')}\n${text}`).not.toMatch(/acme/i)
  expect(read('zoo/src/index.ts')).toContain('export { zebra2, zebra2 as driver }')
  expect(read('zoo/src/zebra2-hypervisor.ts')).toContain('export interface Zebra2Host')
  expect(manifest('zoo')).toMatchObject({ name: '@you/driver-zebra', license: 'Apache-2.0' })
})

test('the package can be published, and git leaves out what is built', async () => {
  await create({ folder: 'zoo' })
  expect(manifest('zoo')).not.toHaveProperty('private')
  expect(read('zoo/.gitignore')).toContain('node_modules/')
  expect(existsSync(join(cwd, 'zoo/node_modules'))).toBe(false)
})

test.each([
  ['Apache-2.0', 'Apache License'],
  ['MIT', 'Permission is hereby granted, free of charge'],
  ['ISC', 'Permission to use, copy, modify, and/or distribute'],
])('the licence %s is named and carried', async (licence, words) => {
  await create({ folder: 'zoo', licence })
  expect(manifest('zoo')['license']).toBe(licence)
  expect(read('zoo/LICENSE')).toContain(words)
})

test('without a licence there is no text, and the package stays private', async () => {
  await create({ folder: 'zoo', licence: 'none' })
  expect(manifest('zoo')).toMatchObject({ license: 'UNLICENSED', private: true })
  expect(existsSync(join(cwd, 'zoo/LICENSE'))).toBe(false)
})

test('an empty folder that is there is filled', async () => {
  mkdirSync(join(cwd, 'zoo'))
  await create({ folder: 'zoo' })
  expect(manifest('zoo')['name']).toBe('zoo')
  expect(readdirSync(cwd)).toEqual(['zoo'])
})

test('a folder that is not empty is refused, and stays as it is', async () => {
  mkdirSync(join(cwd, 'zoo'))
  writeFileSync(join(cwd, 'zoo/thesis.txt'), 'mine')
  await expect(create({ folder: 'zoo' })).rejects.toMatchObject({
    message: expect.stringContaining('zoo is not empty: it has thesis.txt'),
    remedy: 'give another folder, or empty this one',
  })
  expect(readdirSync(cwd)).toEqual(['zoo'])
  expect(readdirSync(join(cwd, 'zoo'))).toEqual(['thesis.txt'])
})

test('a file in the place of the folder is refused', async () => {
  writeFileSync(join(cwd, 'zoo'), 'mine')
  await expect(create({ folder: 'zoo' })).rejects.toThrow('is not a folder that can be read')
  expect(read('zoo')).toBe('mine')
})
