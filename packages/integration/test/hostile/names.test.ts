import { checkHostName, checkName, checkUser, createFerry, isVmError } from '@vmferry/core'
import { driver } from '@vmferry/driver-test'
import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyWord, words } from './words.ts'

const ALLOWED = {
  name: /^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$/,
  user: /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}$/,
  host: /^[A-Za-z0-9:][A-Za-z0-9.:%_-]{0,252}$/,
}

test('of 10,000 words that mean something to a shell only those of the allow-lists get in', () => {
  const property = fc.property(fc.oneof(anyWord('/tmp/c'), fc.constantFrom(...words('/tmp/c'))), (word) => {
    for (const [kind, check] of Object.entries({ name: checkName, user: checkUser, host: checkHostName })) {
      const allowed = ALLOWED[kind as keyof typeof ALLOWED].test(word)
      try {
        expect(check(word)).toBe(word)
        expect(allowed).toBe(true)
      } catch (error) {
        if (!isVmError(error, 'VM_INVALID')) throw error
        expect(error.message).toMatch(/^[ -~…]{1,2000}$/)
        expect(kind !== 'host' && allowed).toBe(false)
      }
    }
  })
  fc.assert(property, { numRuns: 10_000 })
})

test('one sign that is not on the allow-list is enough to be refused', () => {
  const taken = (check: (word: string) => string, word: string): boolean => {
    try {
      return check(word) === word
    } catch {
      return false
    }
  }
  for (let code = 0; code < 0x3000; code++) {
    const sign = String.fromCharCode(code)
    const word = `a${sign}b`
    expect([word, taken(checkName, word)]).toEqual([word, /[A-Za-z0-9._+-]/.test(sign)])
    expect([word, taken(checkUser, word)]).toEqual([word, /[A-Za-z0-9._+-]/.test(sign)])
    expect([word, taken(checkHostName, word)]).toEqual([word, /[A-Za-z0-9.-]/.test(sign)])
  }
})

test('a hostile word in any place of the API is VM_INVALID or VM_NOT_FOUND, before anything happens', async () => {
  const ferry = createFerry({ drivers: [driver()] })
  const here = await ferry.connect('test:///default')
  const there = await ferry.connect('test:///other')
  const web1 = await here.domain('web1')
  const outcome = (work: () => PromiseLike<unknown>): Promise<unknown> =>
    (async () => work())().then(
      (value) => ({ value }),
      (error: unknown) => error,
    )
  const hostile = words('/tmp/canary').filter((word) => !ALLOWED.name.test(word))
  for (const word of hostile) {
    const code = expect.stringMatching(/^VM_(INVALID|NOT_FOUND|UNSUPPORTED)$/)
    expect(await outcome(() => here.domain(word))).toMatchObject({ code })
    expect(await outcome(() => here.start(word, []))).toMatchObject({ code })
    expect(await outcome(() => here.stop(word))).toMatchObject({ code })
    expect(await outcome(() => web1.migrate(there, { rename: word }))).toMatchObject({ code })
    expect(await outcome(() => web1.plan(there, { rename: word }))).toMatchObject({ code })
    if (!/^[\w.+-]+$/.test(word))
      expect(await outcome(() => web1.migrate(there, { uri: word }))).toMatchObject({ code })
  }
  for (const uri of [
    'exec:///bin/sh',
    'fd:///3',
    'file:///etc/passwd?x=y',
    'test+exec://alpha/',
    'constructor:///',
  ])
    expect(await outcome(() => ferry.connect(uri))).toMatchObject({
      code: expect.stringMatching(/^VM_(INVALID|UNSUPPORTED)$/),
    })
  expect(hostile.length).toBeGreaterThan(60)
  expect(await here.domains()).toHaveLength(2)
  expect(await there.domains()).toHaveLength(0)
  await ferry.close()
})
