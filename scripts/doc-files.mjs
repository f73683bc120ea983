import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const NOT_WRITTEN = new Set(['node_modules', 'dist', 'api', 'etc', 'fixtures', 'results', 'CHANGELOG.md'])

/** The pages that people write, below the repository's root; the reference is made from the sources. */
export function markdownFiles(folder = '') {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (NOT_WRITTEN.has(entry.name) || entry.name.startsWith('.')) return []
    if (entry.isDirectory()) return markdownFiles(path)
    return path.endsWith('.md') ? [path] : []
  })
}
