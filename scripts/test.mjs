/** `npm test`: sets up what is missing, then runs the tests; words that follow go to vitest. */
import { spawnSync } from 'node:child_process'
import { build, checkNode, install, provide, root } from './workspace.mjs'

checkNode()
install()
build()
provide()
const { status } = spawnSync('npx', ['vitest', 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
