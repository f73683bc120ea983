/**
 * `npm run test:qemu`: the conformance kit by the command that a stranger would use, within this machine, and then over each
 * real QEMU that the lab provides, between two hosts of it and over each transport; then the long tests of guests in the lab
 * (`*-on-lab.ts`). Writes docs/results/qemu.json. With `--installed` only the kit over the QEMU of this machine, and
 * nothing is written. Needs root, as the lab does.
 */
import { spawnSync } from 'node:child_process'
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
const drivers = ['driver-qemu', 'fence', 'host', 'qmp', 'conformance']
const proves = digestsOf([
  ...drivers.map((name) => `packages/${name}/src`),
  ...long.map((name) => `${tests}/${name}`),
])

const command = [process.execPath, kit, '@vmferry/driver-qemu', '--json']
const results = []
const within = await timed(async () => {
  const [program, ...words] = command
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 1e8, stdio: ['ignore', 'pipe', 2] }
  return spawnSync(program, words, options).stdout
})
tell('within this machine', within)
for (const release of values.installed ? [await installedQemu()] : await releases())
  results.push(await provedOn(release))
if (!values.installed) {
  const argv = ['vitest', 'run', '--config', `${root}/scripts/lab.vitest.config.ts`]
  const moved = run('npx', argv, { stdio: 'inherit' }) === 0
  if (!moved) process.exitCode = 1
  const sum = (count) => results.reduce((total, result) => total + result[count], 0)
  writeResult('qemu.json', {
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
  const lab = await openLab()
  for (const host of [lab.alpha, lab.beta]) await giveQemu(host, release)
  const judged = await timed(async () => {
    const words = [...command, '--setup', setup]
    const { stdout, stderr } = await lab.controller.exec(words, { timeout: 1_200_000, cwd: root })
    process.stderr.write(stderr)
    return stdout
  })
  await lab.close()
  const { untried, ...counts } = tell(`QEMU ${release.version}`, judged)
  if (untried !== null) {
    process.stdout.write(`FAILED  uri.transports: ${untried}\n`)
    process.exitCode = 1
  }
  return { qemu: release.version, ...counts }
}

/** What the kit said, line by line, and how long it took. */
async function timed(judge) {
  const from = performance.now()
  const stdout = await judge()
  const lines = stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
  return { lines, seconds: Math.round((performance.now() - from) / 1000) }
}

/** Says how it ended, and what failed. */
function tell(where, { lines, seconds }) {
  const cases = lines.filter(({ type }) => type === 'case')
  const broken = cases.filter(({ status }) => status === 'failed')
  for (const { id, because } of broken) process.stdout.write(`FAILED  ${id}: ${because}\n`)
  const untried = cases.find(({ id }) => id === 'uri.transports')?.because ?? null
  const { passed = 0, failed = 1, notApplicable = 0 } = lines.at(-1) ?? {}
  process.stdout.write(
    `${where}: ${passed} passed, ${failed} failed, ${notApplicable} not applicable, in ${seconds} s\n`,
  )
  if (failed > 0) process.exitCode = 1
  return { seconds, passed, failed, notApplicable, untried }
}
