/** Puts the template into the package that creates drivers from it. */
import { cpSync, renameSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { root } from './workspace.mjs'

/** What a build or a run of tests has left there. */
const MADE = ['node_modules', 'dist', '.turbo']

const shipped = join(root, 'packages/create-vmferry-driver/template')
rmSync(shipped, { recursive: true, force: true })
cpSync(join(root, 'templates/driver'), shipped, {
  recursive: true,
  filter: (path) => !MADE.includes(basename(path)) && !path.endsWith('.tsbuildinfo'),
})
// npm leaves out the one, and takes the other for a package's own
for (const name of ['.gitignore', 'package.json']) renameSync(join(shipped, name), join(shipped, `_${name}`))
