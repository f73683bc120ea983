import { expect, test } from 'vitest'
import {
  type CopyState,
  type DirectMigration,
  type Driver,
  defineCapabilities,
  vmError,
} from '../src/index.ts'
import { FAKE_CAPABILITIES, fakeDriver } from './fake-driver.ts'
import { ferried, rejection } from './ferried.ts'

const state = (run: CopyState['run']): CopyState => ({
  run,
  complete: true,
  mayHaveRun: true,
  revivable: false,
  evidence: [],
})

/** The fake hypervisor with one call in the place of its phases. */
function direct(
  migrate: DirectMigration['migrate'],
  after: { source: CopyState['run']; target: CopyState['run'] },
) {
  return ferried((world): Driver => {
    const capabilities = defineCapabilities({
      ...FAKE_CAPABILITIES,
      handover: 'direct',
      uriTransports: ['api'],
    })
    const driver = fakeDriver(world, capabilities)
    return {
      ...driver,
      async connect(uri, context, call) {
        const { source: _source, target: _target, ...connection } = await driver.connect(uri, context, call)
        return {
          ...connection,
          direct: {
            check: async () => ({
              findings: [],
              transports: [{ name: 'api', why: 'the only way' }],
              digest: '',
            }),
            migrate,
            inspect: async () => ({ source: state(after.source), target: state(after.target) }),
          },
        }
      },
    }
  })
}

test('a driver with one call and no phases migrates', async () => {
  const asked: string[] = []
  const { web1, there } = await direct(
    async (domain, { transport }) => {
      asked.push(`${domain} by ${transport}`)
    },
    { source: 'gone', target: 'running' },
  )
  expect((await web1.migrate(there)).name).toBe('web1')
  expect(asked).toEqual(['web1 by api'])
})

test('a lost answer of the one call is settled by asking the hypervisor', async () => {
  const lost = async (): Promise<void> => {
    throw vmError('VM_TIMEOUT', 'no answer')
  }
  const moved = await direct(lost, { source: 'gone', target: 'running' })
  expect((await moved.web1.migrate(moved.there)).name).toBe('web1')
  const stayed = await direct(lost, { source: 'running', target: 'gone' })
  expect(await rejection(stayed.web1.migrate(stayed.there))).toMatchObject({
    code: 'VM_TIMEOUT',
    outcome: 'rolledBack',
  })
  const unclear = await direct(lost, { source: 'unknown', target: 'unknown' })
  expect(await rejection(unclear.web1.migrate(unclear.there))).toMatchObject({
    code: 'VM_IN_DOUBT',
    outcome: 'inDoubt',
  })
})
