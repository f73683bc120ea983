/** `npm run check:packages`: what is published says the truth about itself, and the workspaces agree on their versions. */
import { spawnSync } from 'node:child_process'
import { entryPoints, publicPackages } from './public-packages.mjs'
import { root } from './workspace.mjs'

const checks = [
  ...publicPackages().flatMap(({ folder, manifest }) => [
    ['publint', '--strict', folder],
    [
      'attw',
      '--pack',
      folder,
      '--profile',
      'esm-only',
      '--format',
      'ascii',
      '--no-color',
      ...withoutData(manifest),
    ],
  ]),
  // the documentation's tools need a compiler with an API
  ['sherif', '-i', 'typescript'],
]

/** A compiler has no business with data, except with JSON. */
function withoutData(manifest) {
  const data = entryPoints(manifest).filter(({ name, types }) => types === null && !name.endsWith('.json'))
  return data.length === 0 ? [] : ['--exclude-entrypoints', ...data.map(({ name }) => name)]
}

let failed = 0
for (const [tool, ...words] of checks) {
  const { status, stdout, stderr } = spawnSync(`${root}/node_modules/.bin/${tool}`, words, {
    cwd: root,
    encoding: 'utf8',
  })
  process.stdout.write(`${status === 0 ? 'ok  ' : 'FAIL'}  ${tool} ${words.join(' ')}\n`)
  if (status === 0) continue
  failed++
  process.stderr.write(`${stdout}${stderr}\n`)
}
if (failed > 0) process.exitCode = 1
