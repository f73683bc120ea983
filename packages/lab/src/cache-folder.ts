import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * The folder for what is slow to make and the same each time: `$XDG_CACHE_HOME/vmferry-lab`, by default in `~/.cache`.
 * The hosts of a lab see it under the same path.
 */
export async function cacheFolder(): Promise<string> {
  const folder = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'vmferry-lab')
  await mkdir(folder, { recursive: true })
  return folder
}

/**
 * Where the cache has that, which `make` makes the first time, and resolves to: in a folder of its own beside it, so that nobody
 * ever finds half of it.
 */
export async function cached(
  name: string,
  make: (work: string, place: string) => Promise<string>,
): Promise<string> {
  const place = join(await cacheFolder(), name)
  if (await isThere(place)) return place
  const work = await mkdtemp(`${place}-`)
  try {
    const made = await make(work, place)
    await rename(made, place).catch(async (error: unknown) => {
      // Who asked at the same time may have been faster: both have the same.
      if (!(await isThere(place))) throw error
    })
    return place
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )
