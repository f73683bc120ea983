import { mkdir } from 'node:fs/promises'
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
