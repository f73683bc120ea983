import { deepStrictEqual } from 'node:assert/strict'
import { type Case, check, checkGuest } from '../case.ts'
import { ensure, refusal } from '../ensure.ts'
import { GUEST } from '../guest.ts'
import { able } from '../needs.ts'

export const domainCases: readonly Case[] = [
  check('domain.empty', [], 'a host without guests has an empty list', async (bench) => {
    const { length } = await bench.source.domains(bench.call())
    ensure(length === 0, `the list has ${length} domains`)
  }),

  checkGuest('domain.listed', [], 'a running guest is in the list, as what it is', async (bench) => {
    const found = (await bench.source.domains(bench.call())).find(({ name }) => name === GUEST)
    ensure(found !== undefined, `'${GUEST}' is not in the list`)
    const { uuid, state, memoryBytes } = found
    ensure(state === 'running', `its state is '${state}', and it runs`)
    ensure(
      uuid === null || (uuid === uuid.toLowerCase() && uuid !== ''),
      `its uuid '${uuid}' is not in lower case`,
    )
    ensure(memoryBytes === null || memoryBytes > 0, `it has ${memoryBytes} bytes of memory; unknown is null`)
  }),

  checkGuest('domain.lookup', [], 'a guest is found by its name, as it is in the list', async (bench) => {
    const listed = await bench.source.domains(bench.call())
    deepStrictEqual([await bench.source.domain(GUEST, bench.call())], listed)
  }),

  check('domain.unknown', [], 'a name that is not there is VM_NOT_FOUND', async (bench) => {
    await refusal(bench.source.domain('nobody', bench.call()), "domain('nobody')", 'VM_NOT_FOUND')
  }),

  check('domain.paused', [able('pausedGuests')], 'a paused guest is told to be paused', async (bench) => {
    await bench.stage.start('source', GUEST, 'paused')
    const { state } = await bench.source.domain(GUEST, bench.call())
    ensure(state === 'paused', `its state is '${state}'`)
  }),
]
