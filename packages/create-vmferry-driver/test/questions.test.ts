import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { askAll } from '../src/questions.ts'

/** What is asked and what comes of it, if these lines are typed. */
async function typed(...lines: readonly string[]) {
  const [input, output] = [new PassThrough(), new PassThrough()]
  let shown = ''
  let next = 0
  output.on('data', (chunk: Buffer) => {
    shown += chunk.toString()
    if (chunk.toString().endsWith('): ')) input.write(`${lines[next++] ?? ''}\n`)
  })
  return { said: await askAll(input, output), shown }
}

test('who only presses Enter gets what is proposed', async () => {
  const { said, shown } = await typed()
  expect(said).toEqual({
    scheme: 'acme',
    name: 'vmferry-driver-acme',
    folder: 'vmferry-driver-acme',
    licence: 'Apache-2.0',
  })
  expect(shown).toContain('The scheme of its URIs (acme): ')
})

test('an answer that cannot be is asked for again, with why', async () => {
  const { said, shown } = await typed('9lives', 'cat', '@you/cat', '', 'isc')
  expect(shown).toContain("'9lives' cannot be the scheme of a URI")
  expect(said).toEqual({ scheme: 'cat', name: '@you/cat', folder: 'cat', licence: 'ISC' })
})

test('an end of the input is no answer', async () => {
  const input = new PassThrough()
  const said = askAll(input, new PassThrough())
  input.end()
  await expect(said).rejects.toMatchObject({ remedy: 'nothing was written' })
})
