/** `npm run simulate -- --seeds N [--json] …`: builds what has changed, then simulates; words that follow go to the command. */
import { spawnSync } from 'node:child_process'
import { build, checkNode, install, root } from './workspace.mjs'

checkNode()
install()
build()
const command = `${root}/packages/simulation/bin/vmferry-simulate.js`
const { status } = spawnSync(process.execPath, [command, ...process.argv.slice(2)], { stdio: 'inherit' })
process.exitCode = status ?? 1
