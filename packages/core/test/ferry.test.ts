import { expect, test } from 'vitest'
import { abortError, type CallOptions, createFerry, type Driver, lazy, memoryJournal } from '../src/index.ts'
import { fakeDriver, fakeWorld } from './fake-driver.ts'
import { ferried, rejection } from './ferried.ts'

test('a driver whose contract this core does not know is refused, naming both numbers', async () => {
  const odd = { ...fakeDriver(fakeWorld()), contract: 7 } as unknown as Driver
  expect(() => createFerry({ drivers: [odd] })).toThrow(/contract 7, this core knows 1/)
})

test('a driver whose manifest is none is refused, naming the member', () => {
  const driver = fakeDriver(fakeWorld())
  const odd = { ...driver, capabilities: { ...driver.capabilities, live: 'yes' } } as unknown as Driver
  expect(() => createFerry({ drivers: [odd] })).toThrow(
    /capabilities\.live is 'yes', but should be true or false/,
  )
})

test('two drivers of one name are refused', () => {
  const driver = fakeDriver(fakeWorld())
  expect(() => createFerry({ drivers: [driver, driver] })).toThrow(/two drivers are named 'fake'/)
})

test('a URI of no driver names those that there are', async () => {
  const ferry = createFerry({ drivers: [fakeDriver(fakeWorld())] })
  expect(await rejection(ferry.connect('xen:///'))).toMatchObject({
    code: 'VM_UNSUPPORTED',
    remedy: 'this ferry has fake',
  })
})

test('a lazy driver is loaded when a URI first asks for it, and once', async () => {
  let loads = 0
  const late = lazy('fake', async () => {
    loads += 1
    return { driver: () => fakeDriver(fakeWorld()) }
  })
  const ferry = createFerry({ drivers: [late] })
  expect(loads).toBe(0)
  await ferry.connect('fake:///a')
  await ferry.connect('fake:///b')
  expect(loads).toBe(1)
})

test('a lazy driver that could not be loaded is tried again the next time', async () => {
  let loads = 0
  const late = lazy('fake', async () => {
    loads += 1
    if (loads === 1) throw new Error('disk trouble')
    return { driver: () => fakeDriver(fakeWorld()) }
  })
  const ferry = createFerry({ drivers: [late] })
  await rejection(ferry.connect('fake:///a'))
  expect((await ferry.connect('fake:///a')).driver).toBe('fake')
})

test('a connection of another ferry is refused as a target', async () => {
  const one = await ferried()
  const two = await ferried()
  expect(await rejection(one.web1.migrate(two.there))).toMatchObject({
    code: 'VM_INVALID',
    message: /another ferry/,
  })
  expect(await rejection(one.web1.plan(two.there))).toMatchObject({ code: 'VM_INVALID' })
})

test('a closed connection answers nothing more, and closing twice is no error', async () => {
  const { here } = await ferried()
  await here.close()
  await here.close()
  expect(await rejection(here.domains())).toMatchObject({ code: 'VM_CONNECTION' })
})

test('a driver without a lifecycle neither starts nor stops nor adopts', async () => {
  const { here } = await ferried()
  expect(await rejection(here.start('web2', []))).toMatchObject({ code: 'VM_UNSUPPORTED' })
  expect(await rejection(here.stop('web1'))).toMatchObject({ code: 'VM_UNSUPPORTED' })
  expect(await rejection(here.adopt('web1', { qmp: '/q' }))).toMatchObject({ code: 'VM_UNSUPPORTED' })
})

test('the journal has each step before its effect, and the end', async () => {
  const journal = memoryJournal()
  const world = fakeWorld()
  const ferry = createFerry({ drivers: [fakeDriver(world)], journal })
  const here = await ferry.connect('fake:///here')
  const there = await ferry.connect('fake:///there')
  const steps = async () => (await journal.entries()).map(({ step }) => step)
  const before: Record<string, string[]> = {}
  world.before.begin = async () => {
    before['begin'] = await steps()
  }
  world.before.finish = async () => {
    before['finish'] = await steps()
  }
  await (await here.domain('web1')).migrate(there)
  expect(before['begin']).toEqual(['claim'])
  expect(before['finish']).toEqual(['claim', 'prepare', 'committing'])
  expect(await steps()).toEqual(['claim', 'prepare', 'committing', 'settled'])
})

test('a question to a host that gives no answer is given up in time', async () => {
  const { clock, here } = await ferried((world) => {
    const driver = fakeDriver(world)
    const silence = <T>(call: CallOptions): Promise<T> =>
      new Promise((_, reject) => {
        call.signal.addEventListener('abort', () => reject(abortError(call.signal)))
      })
    return {
      ...driver,
      connect: async (...words) => {
        const connection = await driver.connect(...words)
        return { ...connection, domains: silence, migrations: silence }
      },
    }
  })
  const asked = [rejection(here.domains()), rejection(here.recover())]
  await clock.advance(60_000)
  for (const error of await Promise.all(asked)) expect(error).toMatchObject({ code: 'VM_TIMEOUT' })
})
