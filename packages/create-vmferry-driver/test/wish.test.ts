import { expect, test } from 'vitest'
import { wishFrom } from '../src/wish.ts'

const CWD = '/home/you'

test('a folder is enough', () => {
  expect(wishFrom({ folder: 'my-driver' }, CWD)).toEqual({
    folder: '/home/you/my-driver',
    name: 'my-driver',
    scheme: 'my',
    licence: 'Apache-2.0',
  })
})

test('a scheme is enough, and so is a name', () => {
  const acme = { folder: '/home/you/vmferry-driver-acme', name: 'vmferry-driver-acme', scheme: 'acme' }
  expect(wishFrom({ scheme: 'acme' }, CWD)).toMatchObject(acme)
  expect(wishFrom({ name: 'vmferry-driver-acme' }, CWD)).toMatchObject(acme)
})

test('the folder has the name without its scope', () => {
  const { folder, scheme } = wishFrom({ name: '@you/driver-acme' }, CWD)
  expect([folder, scheme]).toEqual(['/home/you/driver-acme', 'acme'])
})

test('the licence may be written small', () => {
  expect(wishFrom({ folder: 'acme', licence: 'mit' }, CWD).licence).toBe('MIT')
})

test.each([
  [{}, 'nothing says what the driver is called', 'give a folder'],
  [{ name: 'Acme Driver' }, "'Acme Driver' cannot be the name of an npm package", '--name'],
  [{ folder: 'acme', scheme: 'Acme' }, "'Acme' cannot be the scheme of a URI", '--scheme'],
  [{ folder: '4711' }, "'4711' cannot be the scheme of a URI", '--scheme'],
  [{ folder: 'acme', scheme: 'class' }, "'class' cannot be the name of the driver's function", '--scheme'],
  [{ folder: 'acme', scheme: 'driver' }, "'driver' cannot be the name", '--scheme'],
  [
    { folder: 'acme', licence: 'GPL' },
    "the licence 'GPL' is not known here",
    'Apache-2.0 | MIT | ISC | none',
  ],
])('%j is refused, with what to do', (said, message, remedy) => {
  expect(() => wishFrom(said, CWD)).toThrow(
    expect.objectContaining({
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    }),
  )
})
