/**
 * The house rules that no linter knows. `node scripts/house-rules.mjs [--only RULE,…] [--root FOLDER] [--json]`; the examples
 * of the READMEs run with what is built.
 */
import { parseArgs } from 'node:util'
import { ambient } from './house-rules/ambient.mjs'
import { arrows } from './house-rules/arrows.mjs'
import { defaultExports } from './house-rules/default-exports.mjs'
import { driverRoles } from './house-rules/driver-roles.mjs'
import { fileNames } from './house-rules/file-names.mjs'
import { licence } from './house-rules/licence.mjs'
import { readmeExamples } from './house-rules/readme-examples.mjs'
import { sizes } from './house-rules/sizes.mjs'
import { readTree } from './house-rules/source-tree.mjs'
import { root } from './workspace.mjs'

const RULES = [arrows, sizes, defaultExports, fileNames, driverRoles, ambient, licence, readmeExamples]

const { values } = parseArgs({
  options: { only: { type: 'string' }, root: { type: 'string', default: root }, json: { type: 'boolean' } },
})
const only = values.only?.split(',')
const chosen = RULES.filter(({ name }) => only === undefined || only.includes(name))
const unknown = only?.filter((name) => !RULES.some((rule) => rule.name === name)) ?? []
if (unknown.length > 0) throw new Error(`no such rule: ${unknown.join(', ')}`)

const tree = readTree(values.root)
const found = chosen.flatMap((rule) =>
  rule.check(tree).map((violation) => ({ rule: rule.name, ...violation })),
)
if (values.json) process.stdout.write(`${JSON.stringify(found)}\n`)
else {
  for (const { rule, file, line, message } of found)
    process.stdout.write(`${file}${line === undefined ? '' : `:${line}`}  ${message}  (${rule})\n`)
  process.stdout.write(
    `${chosen.length} house rules, ${tree.workspaces.length} workspaces, ${found.length} violations\n`,
  )
}
if (found.length > 0) process.exitCode = 1
