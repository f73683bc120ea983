/**
 * `npm run test:qemu`: the conformance kit over real QEMU, between two hosts of the lab and each transport, by the command that a
 * stranger would use; writes docs/results/conformance-qemu.json. Then each transport with each number of connections. Needs
 * root, as the lab does.
 */
import { digestsOf, runOnQemu, writeResult } from './results.mjs'
import { build, checkNode, install, provide, root, run } from './workspace.mjs'

checkNode()
install()
build()
provide()
const { labProblem, openLab } = await import('../packages/lab/dist/index.js')
const problem = await labProblem()
if (problem !== null) {
  process.stderr.write(`the lab cannot run here: ${problem}\n`)
  process.exit(1)
}

const kit = `${root}/packages/conformance/bin/vmferry-conformance.js`
const setup = `${root}/packages/integration/test/lab-setup.mjs`
const drivers = ['driver-qemu', 'host', 'qmp', 'conformance']
const proves = digestsOf(drivers.map((name) => `packages/${name}/src`))
const from = performance.now()
const lab = await openLab()
const lines = await proved()
await lab.close()
const seconds = Math.round((performance.now() - from) / 1000)

const cases = lines.filter(({ type }) => type === 'case')
const failed = cases.filter(({ status }) => status === 'failed')
for (const { id, because } of failed) process.stdout.write(`FAILED  ${id}: ${because}\n`)
const untried = cases.find(({ id }) => id === 'uri.transports')?.because ?? null
if (untried !== null) process.stdout.write(`FAILED  uri.transports: ${untried}\n`)
const { passed = 0, failed: count = 1, notApplicable = 0 } = lines.at(-1) ?? {}
writeResult('conformance-qemu.json', {
  ...runOnQemu(),
  seconds,
  passed,
  failed: count,
  notApplicable,
  again: 'npm run test:qemu',
  proves,
})
process.stdout.write(`${passed} passed, ${count} failed, ${notApplicable} not applicable, in ${seconds} s\n`)
const streams = run('npx', ['vitest', 'run', '--config', `${root}/scripts/lab.vitest.config.ts`], {
  stdio: 'inherit',
})
if (count > 0 || untried !== null || streams !== 0) process.exitCode = 1

async function proved() {
  const words = [process.execPath, kit, '@vmferry/driver-qemu', '--setup', setup, '--json']
  const { stdout, stderr } = await lab.controller.exec(words, { timeout: 900_000, cwd: root })
  process.stderr.write(stderr)
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}
