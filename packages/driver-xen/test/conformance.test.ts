import { setup } from '@vmferry/driver-xen/conformance'
import { expect, test } from 'vitest'

test('the kit without hosts and a guest is told how they are named', async () => {
  expect(await setup.problem?.()).toMatch(/which two hosts.+--setup.+xenSetup/)
})
