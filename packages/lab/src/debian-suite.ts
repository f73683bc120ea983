import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { mustRun, runCommand } from './command.ts'

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

/** Where Debian is had from, if apt knows no mirror on this machine. */
const publicMirror = 'http://deb.debian.org/debian'

/**
 * Unpacks `packages` of a Debian release and everything that they depend on, the C library included, into `folder`. Nothing
 * is installed: apt keeps its lists in `work` and takes this machine for empty.
 */
export async function unpackFrom(
  suite: string,
  packages: readonly string[],
  work: string,
  folder: string,
): Promise<void> {
  const archives = join(work, 'cache', 'archives')
  for (const path of [join(work, 'lists', 'partial'), join(archives, 'partial'), folder])
    await mkdir(path, { recursive: true })
  const apt = await aptIn(work, suite)
  await mustRun([...apt, '--error-on=any', 'update'], { timeout: 180_000 })
  const download = ['install', '--yes', '--no-install-recommends', '--download-only', ...packages]
  await mustRun([...apt, ...download], { timeout: 600_000 })
  for (const file of await readdir(archives)) {
    if (file.endsWith('.deb')) await mustRun(['dpkg-deb', '--extract', join(archives, file), folder])
  }
  await rm(work, { recursive: true })
}

/** apt-get with the machine's own settings, proxies for one, but for that Debian release only and with nothing installed. */
async function aptIn(work: string, suite: string): Promise<string[]> {
  const configuration = join(work, 'apt.conf')
  const sources = join(work, 'sources.list')
  const status = join(work, 'status')
  await writeFile(status, '')
  await writeFile(sources, `deb [signed-by=${keyring}] ${await debianMirror()} ${suite} main\n`)
  const settings = {
    'Dir::State': work,
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': status,
    'Dir::Cache': join(work, 'cache'),
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    // The user that apt would fetch as may not enter somebody's home.
    'APT::Sandbox::User': 'root',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '3',
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} "${value}";\n`)
  await writeFile(configuration, lines.join(''))
  return ['apt-get', '--quiet', `--config-file=${configuration}`]
}

/** The mirror that this machine's apt uses. */
async function debianMirror(): Promise<string> {
  const format = '$(LABEL) $(REPO_URI)'
  const { stdout } = await runCommand(['apt-get', 'indextargets', '--format', format, 'Created-By: Packages'])
  return /^Debian (https?:\S+)$/m.exec(stdout)?.[1] ?? publicMirror
}
