import { existsSync, readdirSync } from 'node:fs'
import { afterEach, expect, test, vi } from 'vitest'

const EXAMPLES = new URL('../../../examples/', import.meta.url)

/** What each example prints; how long something took is not compared. */
const PRINTED: Readonly<Record<string, readonly string[]>> = {
  evacuate: [
    'web1 runs at test:///new',
    'db1 stays: VM_UNSUPPORTED in check, VM_PHASE_FAILED in perform',
    'cache1 runs at test:///new',
    'ran twice: 0',
  ],
  spans: [
    'vmferry.migration N ms domain=web1 driver=test outcome=rolledBack error=VM_PHASE_FAILED',
    '  vmferry.check N ms',
    '  vmferry.begin N ms',
    '  vmferry.prepare N ms error=VM_PHASE_FAILED',
    '  vmferry.abort N ms',
    'vmferry.migration N ms domain=web1 driver=test outcome=migrated',
    '  vmferry.check N ms',
    '  vmferry.begin N ms',
    '  vmferry.prepare N ms',
    '  vmferry.perform N ms',
    '  vmferry.ready N ms',
    '  vmferry.hand-over N ms',
    '  vmferry.finish N ms',
    '  vmferry.confirm N ms',
  ],
}

afterEach(() => {
  vi.restoreAllMocks()
})

test('every example that is a program has an entry here', () => {
  const programs = readdirSync(EXAMPLES).filter((name) => existsSync(new URL(`${name}/main.js`, EXAMPLES)))
  expect(programs.toSorted()).toEqual(Object.keys(PRINTED).toSorted())
})

test.each(Object.keys(PRINTED))('the example %s runs and prints what it should', async (name) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  await import(new URL(`${name}/main.js`, EXAMPLES).href)
  const lines = log.mock.calls.map(([line]) => String(line).replaceAll(/\b\d+ ms\b/g, 'N ms'))
  expect(lines).toEqual(PRINTED[name])
})
