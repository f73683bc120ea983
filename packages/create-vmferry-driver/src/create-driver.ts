import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { licenceText } from './licence.ts'
import { refusal } from './refusal.ts'
import { renamed } from './renamed.ts'
import type { Wish } from './wish.ts'

/** The template as it is shipped: the build copies it here. */
const TEMPLATE = fileURLToPath(new URL('../template/', import.meta.url))

/** Writes the driver, whole or not at all; tells how many files it has. */
export async function createDriver(wish: Wish): Promise<number> {
  const { folder } = wish
  await refuseTaken(folder)
  await mkdir(dirname(folder), { recursive: true })
  const draft = `${folder}.new-${process.pid}`
  await mkdir(draft)
  try {
    const count = await write(draft, wish)
    await moveInto(folder, draft)
    return count
  } finally {
    await rm(draft, { recursive: true, force: true })
  }
}

async function refuseTaken(folder: string): Promise<void> {
  if (!existsSync(folder)) return
  const remedy = 'give another folder, or empty this one'
  const files = await readdir(folder).catch(() => {
    throw refusal(`${folder} is not a folder that can be read`, remedy)
  })
  if (files.length > 0)
    throw refusal(`${folder} is not empty: it has ${files.slice(0, 3).join(', ')}`, remedy)
}

async function write(draft: string, wish: Wish): Promise<number> {
  const entries = await readdir(TEMPLATE, { recursive: true, withFileTypes: true })
  const texts = new Map<string, string>()
  for (const entry of entries) {
    if (!entry.isFile()) continue
    const path = join(entry.parentPath, entry.name)
    const name = relative(TEMPLATE, path)
    // a name that npm would read is shipped behind an underscore
    texts.set(renamed(name.replace(/^_/, ''), wish), renamed(await readFile(path, 'utf8'), wish))
  }
  texts.set('package.json', manifest(texts.get('package.json') ?? '', wish))
  const licence = licenceText(wish.licence, wish.name, new Date().getFullYear())
  if (licence !== null) texts.set('LICENSE', licence)
  if (wish.licence === 'none') texts.delete('LICENSE')
  for (const [name, text] of texts) {
    await mkdir(dirname(join(draft, name)), { recursive: true })
    await writeFile(join(draft, name), text)
  }
  return texts.size
}

/** Without a licence a package stays private. */
function manifest(text: string, { licence }: Wish): string {
  const { private: secret, ...rest } = JSON.parse(text) as Record<string, unknown>
  const own = licence === 'none' ? { private: secret, license: 'UNLICENSED' } : { license: licence }
  return `${JSON.stringify({ ...rest, ...own }, null, 2)}\n`
}

async function moveInto(folder: string, draft: string): Promise<void> {
  if (!existsSync(folder)) return rename(draft, folder)
  // somebody's shell may stand in the empty folder: it stays the one it is
  for (const name of await readdir(draft)) await rename(join(draft, name), join(folder, name))
}
