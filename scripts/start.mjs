/** `npm start`: sets up what is missing, then runs the demo. */
import { spawnSync } from 'node:child_process'
import { build, checkNode, install, provide, root } from './workspace.mjs'

checkNode()
install()
build()
provide()
const { status } = spawnSync(process.execPath, ['apps/demo/bin/demo.js', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
})
process.exitCode = status ?? 1
