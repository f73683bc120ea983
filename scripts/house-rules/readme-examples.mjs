/** A README's JavaScript that begins with an import is a program: it is run, with the packages of this tree. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

const PROGRAM = /^```js\n(import [^]*?)^```$/gm
const LIMIT_MS = 60_000

export const readmeExamples = {
  name: 'readme-examples',
  check: (tree) => {
    const folder = mkdtempSync(join(tmpdir(), 'vmferry-readme-'))
    try {
      for (const workspace of tree.workspaces) link(tree, workspace, folder)
      return tree.workspaces.flatMap((workspace) => programs(tree, workspace, folder))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  },
}

function link(tree, { folder, manifest }, into) {
  const path = join(into, 'node_modules', manifest.name)
  mkdirSync(dirname(path), { recursive: true })
  symlinkSync(join(tree.root, folder), path)
}

function programs(tree, { folder }, into) {
  const file = `${folder}/README.md`
  if (!existsSync(join(tree.root, file))) return []
  const text = readFileSync(join(tree.root, file), 'utf8')
  return [...text.matchAll(PROGRAM)].flatMap(({ 1: program, index }) => {
    if (program.includes('qemu-system-x86_64') && !hasQemu()) return []
    // an example may write where everybody may write; two runs at once must not meet there
    writeFileSync(join(into, 'example.mjs'), program.replaceAll('/tmp/', `${into}/`))
    const { status, stderr } = spawnSync(process.execPath, ['example.mjs'], {
      cwd: into,
      encoding: 'utf8',
      timeout: LIMIT_MS,
    })
    if (status === 0) return []
    const why =
      stderr
        .trim()
        .split('\n')
        .find((line) => /Error|error/.test(line)) ?? `exit code ${status}`
    return [
      {
        file,
        line: text.slice(0, index).split('\n').length,
        message: `the example does not run: ${why.trim()}`,
      },
    ]
  })
}

const hasQemu = () =>
  (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'qemu-system-x86_64')))
