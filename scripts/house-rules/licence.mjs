/** Each tarball carries its licence, its README and its changes. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

const CARRIED = ['LICENSE', 'README.md', 'CHANGELOG.md']

export const licence = {
  name: 'licence',
  check: (tree) =>
    tree.workspaces
      .filter(({ manifest }) => manifest.private !== true)
      .flatMap(({ folder, manifest }) => {
        const packed = contents(join(tree.root, folder))
        const found = CARRIED.filter((file) => !packed.includes(file)).map((file) => ({
          file: `${folder}/${file}`,
          message: 'is not in the tarball',
        }))
        if (manifest.license !== 'Apache-2.0')
          found.push({ file: `${folder}/package.json`, message: 'names no licence' })
        return found
      }),
}

function contents(cwd) {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts']
  const [{ files }] = JSON.parse(
    execFileSync('npm', words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
  return files.map(({ path }) => path)
}
