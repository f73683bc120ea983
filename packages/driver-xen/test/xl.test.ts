import { isVmError } from '@vmferry/core'
import { expect, test } from 'vitest'
import { failureIn } from '../src/xl/failure.ts'
import { parseInfo } from '../src/xl/info.ts'
import { parseTable } from '../src/xl/table.ts'
import { recording } from './recording.ts'

test('domains are read from xl’s table', () => {
  expect(parseTable(recording('xl-list-v').stdout, 'alpha')).toEqual([
    {
      id: 0,
      name: 'Domain-0',
      uuid: '00000000-0000-0000-0000-000000000000',
      memoryMiB: 448,
      state: 'running',
    },
    { id: 1, name: 'h1', uuid: '129cac57-9822-4cac-b5b7-f818028a90d4', memoryMiB: 96, state: 'running' },
  ])
})

const HEAD = 'Name ID Mem VCPUs State Time(s) UUID Reason-Code Security Label'
const UUID = '129cac57-9822-4cac-b5b7-f818028a90d4'

test.each([
  ['r-----', 'running'],
  ['-b----', 'running'],
  ['------', 'running'],
  ['--p---', 'paused'],
  ['---ss-', 'suspended'],
  ['---sr-', 'shut-down'],
  ['---sc-', 'crashed'],
  ['---ssd', 'dying'],
  ['-----d', 'dying'],
] as const)('the flags %s are %s', (flags, state) => {
  expect(parseTable(`${HEAD}\nweb 1--incoming 25 96 1 ${flags} 0.0 ${UUID} - -\n`, 'alpha')).toEqual([
    { id: 25, name: 'web 1--incoming', uuid: UUID, memoryMiB: 96, state },
  ])
})

test.each([
  ['', '(nothing)'],
  ['Nom ID Mém', 'Nom ID'],
  [`${HEAD}\nh1 25 96 1 -b---`, 'h1 25 96'],
  [`${HEAD}\nh1 25 96 1 xyz--- 0.0 ${UUID} - -`, 'xyz'],
])('a table in another shape is an error with a sample: %j', (text, sample) => {
  try {
    parseTable(text, 'alpha')
    expect.unreachable()
  } catch (error) {
    expect(isVmError(error, 'VM_PROTOCOL')).toBe(true)
    expect(JSON.stringify(error)).toContain(sample)
  }
})

test('a host’s version and memory are read from xl info', () => {
  expect(parseInfo(recording('xl-info').stdout, 'alpha')).toEqual({
    version: '4.17.7',
    freeMiB: 589,
    totalMiB: 1151,
    abilities: ['pv', 'hvm', 'hap', 'gnttab-v1', 'gnttab-v2'],
  })
  expect(() => parseInfo('free_memory : 1', 'alpha')).toThrow('does not tell its version')
})

test.each([
  ['fail-auth', 'VM_REFUSED'],
  ['fail-hostkey', 'VM_REFUSED'],
  ['fail-bad-host', 'VM_CONNECTION'],
  ['fail-conn-refused', 'VM_CONNECTION'],
  ['fail-conn-timeout', 'VM_CONNECTION'],
  ['fail-banner-noise', 'VM_PROTOCOL'],
  ['fail-remote-no-xl', 'VM_PHASE_FAILED'],
  ['fail-no-memory', 'VM_PHASE_FAILED'],
  ['fail-no-suspend', 'VM_PHASE_FAILED'],
  ['fail-pv-no-logdirty', 'VM_PHASE_FAILED'],
  ['fail-name-clash', 'VM_EXISTS'],
  ['xl-create-clash', 'VM_EXISTS'],
  ['xl-rename-clash', 'VM_EXISTS'],
  ['xl-create-nomem', 'VM_PHASE_FAILED'],
  ['xl-list-missing', 'VM_NOT_FOUND'],
])('%s is known by xl’s words: %s', (name, code) => {
  expect(failureIn(recording(name).stderr)?.code).toBe(code)
})

test('words that were never heard are not guessed at', () => {
  expect(failureIn('libxl: Fehler: etwas anderes')).toBeNull()
})
