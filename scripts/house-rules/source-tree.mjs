/** The workspaces of a tree, as the rules look at them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { importsOf, readSource } from './source-text.mjs'

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/**
 * @param {string} root the tree's folder
 * @returns the manifest of the root, and each workspace below packages/, apps/, examples/ and templates/ with its manifest, its references
 *   (folders; null where it has no tsconfig.json, or one that
 *   is read outside of this tree) and its files
 */
export function readTree(root) {
  const workspaces = ['packages', 'apps', 'examples', 'templates']
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder)).map((name) => `${folder}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => workspace(root, folder))
  return {
    root,
    manifest: readJson(join(root, 'package.json')),
    references: referencesOf(root, '.') ?? [],
    workspaces,
  }
}

function workspace(root, folder) {
  const files = ['src', 'bin', 'test'].flatMap((part) => sources(root, join(folder, part)))
  return {
    folder,
    manifest: readJson(join(root, folder, 'package.json')),
    // a template is copied out: it cannot refer to its neighbours
    references: folder.startsWith('templates/') ? null : referencesOf(root, folder),
    files,
    shipped: files.filter(({ part }) => part !== 'test'),
  }
}

function sources(root, folder) {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|mjs|js)$/.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .filter((path) => !path.includes('/fixtures/'))
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      const source = readSource(text)
      return { path, part: path.split('/')[2], text, ...source, imports: importsOf(source) }
    })
}

function referencesOf(root, folder) {
  const path = join(root, folder, 'tsconfig.json')
  if (!existsSync(path)) return null
  return (readJson(path).references ?? []).map((reference) =>
    relative(root, join(root, folder, reference.path)),
  )
}
