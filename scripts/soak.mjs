/**
 * `npm run soak -- [--migrations N] [--seed N]`: a guest of real QEMU goes back and forth in the lab, every other time
 * with a fault; writes docs/results/soak-qemu.json.
 */
import { parseArgs } from 'node:util'
import { build, checkNode, install, provide, root, run } from './workspace.mjs'

const { migrations, seed } = parseArgs({
  options: { migrations: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
}).values
checkNode()
install()
build()
provide()
const suite = ['vitest', 'run', '--config', `${root}/scripts/faults.vitest.config.ts`, 'soak']
const env = { ...process.env, SOAK_MIGRATIONS: migrations, SOAK_SEED: seed }
process.exitCode = run('npx', suite, { stdio: 'inherit', env })
