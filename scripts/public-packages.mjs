/** What is published: every workspace that is not private. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readTree } from './house-rules/source-tree.mjs'
import { root } from './workspace.mjs'

/** `{ name, version, folder, manifest }` of each, by name. */
export function publicPackages() {
  return readTree(root)
    .workspaces.filter(({ manifest }) => manifest.private !== true)
    .map(({ folder, manifest }) => ({ name: manifest.name, version: manifest.version, folder, manifest }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Makes the tarballs in a folder: `{ name, path, packed, unpacked }` with sizes in bytes. */
export function pack(into) {
  const chosen = publicPackages().flatMap(({ name }) => ['-w', name])
  const words = ['pack', '--json', '--ignore-scripts', '--pack-destination', into, ...chosen]
  const made = JSON.parse(
    execFileSync('npm', words, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )
  return made.map(({ name, filename, size, unpackedSize }) => ({
    name,
    path: join(into, filename),
    packed: size,
    unpacked: unpackedSize,
  }))
}

/** The public entry points of a manifest: `{ name, types }`, and `types: null` for a file such as package.json. */
export function entryPoints({ name, exports }) {
  return Object.entries(exports).map(([path, target]) => ({
    name: path.replace('.', name),
    types: target.types ?? null,
  }))
}

/** The first example of a page that is of this language. */
export function exampleOf(path, language) {
  const example = new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'm').exec(
    readFileSync(path, 'utf8'),
  )?.[1]
  if (example === undefined) throw new Error(`${path} has no example in ${language}`)
  return example
}
