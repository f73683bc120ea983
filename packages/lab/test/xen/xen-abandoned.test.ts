import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { removeAbandonedXen, writeOwner, xenPrefix } from '../../src/xen/xen-abandoned.ts'

it('the folders of labs whose process is gone are removed, and no others', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'abandoned-'))
  vi.stubEnv('TMPDIR', temporary)
  onTestFinished(async () => {
    vi.unstubAllEnvs()
    await rm(temporary, { recursive: true })
  })
  const folder = async (name: string): Promise<string> => {
    await mkdir(join(temporary, name))
    return join(temporary, name)
  }
  await writeOwner(await folder(`${xenPrefix}mine`))
  await folder(`${xenPrefix}being-made`)
  // the number of this process, and the start of another
  await writeFile(join(await folder(`${xenPrefix}gone`), 'owner'), `${process.pid} 1\n`)
  await writeFile(join(await folder('others'), 'owner'), `${process.pid} 1\n`)
  await removeAbandonedXen()
  expect((await readdir(temporary)).toSorted()).toEqual([
    'others',
    `${xenPrefix}being-made`,
    `${xenPrefix}mine`,
  ])
})
