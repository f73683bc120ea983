import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { plainArchive } from '../../src/archive.ts'
import { runCommand } from '../../src/command.ts'
import { findProgram } from '../../src/lab-problem.ts'
import { fileTree } from '../../src/xen/file-tree.ts'

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'a tree '))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function smallTree(): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin', 'tool'), 'works')
  await chmod(join(folder, 'bin', 'tool'), 0o755)
  await symlink('tool', join(folder, 'bin', 'ä'))
  await writeFile(join(folder, 'left'), 'out')
  return folder
}

it('a tree is its folders, its files and its links, without what is not wanted', async () => {
  const tree = await fileTree(await smallTree(), (name) => name !== 'left')
  expect(tree.map(({ name, mode, content }) => [name, mode.toString(8), content?.toString()])).toEqual([
    ['bin', '40755', undefined],
    ['bin/tool', '100755', 'works'],
    ['bin/ä', '120777', 'tool'],
  ])
})

it.skipIf((await findProgram('busybox')) === undefined)(
  'comes out of its archive as it went in',
  async () => {
    const archive = join(await temporaryFolder(), 'archive')
    const out = await temporaryFolder()
    await writeFile(archive, plainArchive(await fileTree(await smallTree(), () => true)))
    const script = 'cd "$1" && busybox cpio -idm <"$2" && cat bin/ä left && test -x bin/tool'
    expect(await runCommand(['sh', '-c', script, 'sh', out, archive])).toMatchObject({
      code: 0,
      stdout: 'worksout',
    })
  },
)
