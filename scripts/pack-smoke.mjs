/** `npm run test:pack`: what is published is packed, installed in an empty folder and used. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exampleOf, pack } from './public-packages.mjs'
import { inEmptyFolder, install, installed, prepare, run, use } from './stranger.mjs'
import { root } from './workspace.mjs'

/** What nobody gets who asks for core and the test driver alone. */
const FOREIGN = [
  'ssh2',
  'tsyringe',
  'reflect-metadata',
  'commander',
  'lossless-json',
  '@vmferry/fence',
  '@vmferry/host',
  '@vmferry/qmp',
]

const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

inEmptyFolder((tarballFolder) => {
  const tarballs = pack(tarballFolder)
  inEmptyFolder((folder) => {
    install(folder, tarballs, [`@types/node@${devDependencies['@types/node']}`])
    prepare(folder)
    use(folder)
    process.stdout.write(`all ${tarballs.length} packages: imported, required, type-checked, run\n`)
  })
  inEmptyFolder((folder) => {
    const two = ['@vmferry/core', '@vmferry/driver-test']
    install(
      folder,
      tarballs.filter(({ name }) => two.includes(name)),
    )
    const foreign = FOREIGN.filter((name) => existsSync(join(folder, 'node_modules', name)))
    if (foreign.length > 0) throw new Error(`${two.join(' + ')} bring ${foreign.join(', ')}`)
    writeFileSync(
      join(folder, 'library.mjs'),
      exampleOf(join(folder, 'node_modules/@vmferry/core/README.md'), 'js'),
    )
    run(process.execPath, ['library.mjs'], folder)
    process.stdout.write(
      `${two.join(' + ')} alone: ${installed(folder).length} packages, none of ${FOREIGN.join(', ')}\n`,
    )
  })
})
