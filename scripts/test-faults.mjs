/**
 * `npm run test:faults`: every fault of the matrix that is required on real QEMU, in the lab; writes
 * docs/results/faults-qemu.json once all have run. Words that follow go to vitest: `-t 'row and phase'`.
 */
import { build, checkNode, install, provide, root, run } from './workspace.mjs'

checkNode()
install()
build()
provide()
const suite = ['vitest', 'run', '--config', `${root}/scripts/faults.vitest.config.ts`, 'qemu-cells']
process.exitCode = run('npx', [...suite, ...process.argv.slice(2)], { stdio: 'inherit' })
