/** `npm run test:create`: a stranger creates a driver with what is packed, and the kit proves it, all of it outside the tree. */
import { join } from 'node:path'
import { pack } from './public-packages.mjs'
import { add, inEmptyFolder, install, run } from './stranger.mjs'

const NAME = 'vmferry-driver-zebra'

inEmptyFolder((tarballFolder) => {
  const tarballs = pack(tarballFolder)
  const named = (...names) => tarballs.filter(({ name }) => names.includes(name))
  inEmptyFolder((folder) => {
    install(folder, named('create-vmferry-driver'))
    const command = join(folder, 'node_modules/.bin/create-vmferry-driver')
    run(process.execPath, [command, 'zebra', '--name', NAME, '--scheme', 'zebra'], folder)

    const driver = join(folder, 'zebra')
    add(driver, named('@vmferry/core', '@vmferry/conformance'))
    run('npx', ['--no-install', 'tsc', '--noEmit', '--skipLibCheck', 'false'], driver)
    run('npm', ['test'], driver)
    run('npm', ['run', 'test:node'], driver)
    const table = run('npx', ['--no-install', 'vmferry-conformance', NAME], driver)
    process.stdout.write(
      `${NAME}: type-checked, vitest, node:test; the kit: ${table.trim().split('\n').at(-1)}\n`,
    )
  })
})
