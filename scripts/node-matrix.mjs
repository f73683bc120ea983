/** `npm run test:nodes [20.19 22 …]`: the packed packages and the tests that need no hypervisor, on each Node that is supported. */
import { execFileSync, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pack } from './public-packages.mjs'
import { inEmptyFolder, install, prepare, use } from './stranger.mjs'
import { root } from './workspace.mjs'

const NODES = ['20.19', '22', '24', '26']
const TESTS = ['core', 'driver-test', 'driver-qemu', 'fence', 'qmp', 'host'].map(
  (name) => `packages/${name}/`,
)
const WITHOUT = ['**/real-qemu.test.ts']

/** The program of that Node; npm itself goes on with the one that is installed. */
const nodeOf = (version) =>
  execFileSync('npx', ['-y', '-p', `node@${version}`, '-c', 'node -p process.execPath'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  }).trim()

function tests(node) {
  const words = ['run', '--project', 'unit', ...TESTS, ...WITHOUT.flatMap((one) => ['--exclude', one])]
  const { stdout, stderr, status } = spawnSync(
    node,
    [join(root, 'node_modules/vitest/vitest.mjs'), ...words],
    {
      cwd: root,
      encoding: 'utf8',
      env: { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` },
    },
  )
  const line = stdout.trim().split('\n').at(-1)
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`)
  return { line, ok: status === 0 }
}

const wanted = process.argv.slice(2).length > 0 ? process.argv.slice(2) : NODES
const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
inEmptyFolder((tarballFolder) => {
  const tarballs = pack(tarballFolder)
  inEmptyFolder((folder) => {
    install(folder, tarballs, [`@types/node@${devDependencies['@types/node']}`])
    prepare(folder)
    for (const version of wanted) {
      const node = nodeOf(version)
      const from = performance.now()
      use(folder, node)
      const smoke = performance.now() - from
      const { line, ok } = tests(node)
      const name = execFileSync(node, ['-v'], { encoding: 'utf8' }).trim()
      process.stdout.write(
        `Node ${name.padEnd(9)} packages ok (${seconds(smoke)}); ${ok ? line : `FAILED: ${line}`} (${seconds(performance.now() - from - smoke)})\n`,
      )
      if (!ok) process.exitCode = 1
    }
  })
})

function seconds(ms) {
  return `${(ms / 1000).toFixed(1)} s`
}
