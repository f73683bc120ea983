/**
 * `npm run test:xen [-- NAME …]`: guests that move between the lab's two hosts with real Xen, which are emulated: hours of a
 * machine with nothing else to do, so each file of tests (`*-on-xen.ts`, some of them by NAME) has a result of its own,
 * docs/results/NAME-on-xen.json. With `-t PATTERN`, for a few tests of a file, nothing is written.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { digestsOf, runOnQemu, writeResult } from './results.mjs'
import { build, checkNode, install, provide, root, run } from './workspace.mjs'

const words = process.argv.slice(2)
checkNode()
install()
build()
provide()
const { xenSeries } = await import('../packages/lab/dist/index.js')
const proves = digestsOf(['packages/driver-xen/src', 'packages/fence/src'])
const folder = mkdtempSync(join(tmpdir(), 'vmferry-test-xen-'))
const report = join(folder, 'report.json')
const reporters = ['verbose', 'json'].map((name) => `--reporter=${name}`)
const argv = ['vitest', 'run', '--config', `${root}/scripts/xen.vitest.config.ts`]
const code = run('npx', [...argv, ...reporters, `--outputFile.json=${report}`, ...words], {
  stdio: 'inherit',
})
const { testResults } = JSON.parse(readFileSync(report, 'utf8'))
rmSync(folder, { recursive: true })
const { commit, versions } = runOnQemu()
for (const { name, assertionResults: tests } of words.includes('-t') ? [] : testResults) {
  const known = basename(name, '.ts')
  const count = (status) => tests.filter((test) => test.status === status).length
  writeResult(`${known}.json`, {
    commit,
    versions: { ...versions, xen: xenSeries },
    seconds: Math.round(tests.reduce((sum, { duration = 0 }) => sum + duration, 0) / 1000),
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped'),
    tests: tests.map(({ title, status, duration = 0, meta }) => ({
      test: title,
      status,
      seconds: Math.round(duration / 1000),
      ...meta,
    })),
    nightly: true,
    again: `npm run test:xen -- ${known}`,
    proves,
  })
}
process.exitCode = code
