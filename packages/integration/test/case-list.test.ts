import { CASES } from '@vmferry/conformance'
import { expect, test } from 'vitest'

test('the page with all cases is up to date (npx vitest run packages/integration/test/case-list.test.ts -u)', async () => {
  const rows = CASES.map(({ id, says, needs }) => {
    const wanted = needs.map(({ flag, wanted: value }) => `\`${flag}\` ${value}`).join('; ')
    return `| \`${id}\` | ${says} | ${wanted || 'nothing'} |`
  })
  const page = ['| case | what must hold | needs |', '|---|---|---|', ...rows, ''].join('\n')
  await expect(page).toMatchFileSnapshot('../../../docs/reference/conformance-cases.md')
})

test('each case has an id of its own and a sentence', () => {
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length)
  for (const { id, says } of CASES) {
    expect(id).toMatch(/^[a-z]+\.[a-z-]+$/)
    expect(says.length).toBeGreaterThan(15)
  }
})
