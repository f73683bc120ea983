/**
 * `npm run release`: publishes what the registry does not have yet. With `--dry-run` it lists the public packages and their
 * versions, and changes nothing.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { publicPackages } from './public-packages.mjs'
import { root, run } from './workspace.mjs'

const packages = publicPackages()
const untold = packages.filter(({ folder, version }) => {
  const path = join(root, folder, 'CHANGELOG.md')
  return !existsSync(path) || !readFileSync(path, 'utf8').includes(`\n## ${version}\n`)
})
for (const { name, version } of packages) process.stdout.write(`${name}@${version}\n`)
if (untold.length > 0) {
  process.stderr.write(
    `no word in CHANGELOG.md about ${untold.map(({ name, version }) => `${name}@${version}`).join(', ')}\n`,
  )
  process.exitCode = 1
} else if (!process.argv.includes('--dry-run')) {
  const steps = ['build', 'check:packages', 'api:check', 'test:pack', 'test:create'].map((script) => [
    'npm',
    ['run', script],
  ])
  for (const [command, words] of [...steps, ['npx', ['changeset', 'publish']]])
    if (run(command, words) !== 0) process.exit(1)
}
