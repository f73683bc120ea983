/**
 * `npm run test:qemu`: the conformance kit over each real QEMU that the lab provides, between two hosts of it and over each
 * transport, by the command that a stranger would use; then the long tests of guests in the lab (`*-on-lab.ts`). Writes
 * docs/results/conformance-qemu.json. With `--installed` only the kit over the QEMU of this machine, and nothing is written.
 * Needs root, as the lab does.
 */
import { readdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { digestsOf, runOnQemu, writeResult } from './results.mjs'
import { build, checkNode, install, provide, root, run } from './workspace.mjs'

const { values } = parseArgs({ options: { installed: { type: 'boolean', default: false } } })
checkNode()
install()
build()
provide()
const { giveQemu, installedQemu, labProblem, openLab, qemuRelease, qemuSeries } = await import(
  '../packages/lab/dist/index.js'
)
const problem = await labProblem()
if (problem !== null) {
  process.stderr.write(`the lab cannot run here: ${problem}\n`)
  process.exit(1)
}

const kit = `${root}/packages/conformance/bin/vmferry-conformance.js`
const setup = `${root}/packages/integration/test/lab-setup.mjs`
const tests = 'apps/cli/test'
const long = readdirSync(`${root}/${tests}`).filter((name) => name.endsWith('-on-lab.ts'))
const drivers = ['driver-qemu', 'host', 'qmp', 'conformance']
const proves = digestsOf([
  ...drivers.map((name) => `packages/${name}/src`),
  ...long.map((name) => `${tests}/${name}`),
])

const results = []
for (const release of values.installed ? [await installedQemu()] : await releases())
  results.push(await provedOn(release))
if (!values.installed) {
  const argv = ['vitest', 'run', '--config', `${root}/scripts/lab.vitest.config.ts`]
  const moved = run('npx', argv, { stdio: 'inherit' }) === 0
  if (!moved) process.exitCode = 1
  const sum = (count) => results.reduce((total, result) => total + result[count], 0)
  writeResult('conformance-qemu.json', {
    ...runOnQemu(),
    seconds: sum('seconds'),
    passed: sum('passed'),
    failed: sum('failed'),
    notApplicable: sum('notApplicable'),
    releases: results,
    onLab: moved ? 'passed' : 'failed',
    again: 'npm run test:qemu',
    proves,
  })
}

async function releases() {
  const found = []
  for (const series of qemuSeries)
    try {
      found.push(await qemuRelease(series, (line) => process.stderr.write(`${line} …\n`)))
    } catch (error) {
      process.stderr.write(`no QEMU ${series}: ${error.message}\n`)
      process.exit(1)
    }
  return found
}

/** Runs the kit with that QEMU on both hosts and says how it ended. */
async function provedOn(release) {
  const from = performance.now()
  const lab = await openLab()
  for (const host of [lab.alpha, lab.beta]) await giveQemu(host, release)
  const lines = await judged(lab)
  await lab.close()
  const seconds = Math.round((performance.now() - from) / 1000)

  const cases = lines.filter(({ type }) => type === 'case')
  const broken = cases.filter(({ status }) => status === 'failed')
  for (const { id, because } of broken) process.stdout.write(`FAILED  ${id}: ${because}\n`)
  const untried = cases.find(({ id }) => id === 'uri.transports')?.because ?? null
  if (untried !== null) process.stdout.write(`FAILED  uri.transports: ${untried}\n`)
  const { passed = 0, failed = 1, notApplicable = 0 } = lines.at(-1) ?? {}
  process.stdout.write(
    `QEMU ${release.version}: ${passed} passed, ${failed} failed, ${notApplicable} not applicable, in ${seconds} s\n`,
  )
  if (failed > 0 || untried !== null) process.exitCode = 1
  return { qemu: release.version, seconds, passed, failed, notApplicable }
}

async function judged(lab) {
  const words = [process.execPath, kit, '@vmferry/driver-qemu', '--setup', setup, '--json']
  const { stdout, stderr } = await lab.controller.exec(words, { timeout: 1_200_000, cwd: root })
  process.stderr.write(stderr)
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
}
