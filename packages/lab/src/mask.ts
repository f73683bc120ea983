import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { mustRun, runCommand } from './command.ts'
import { inside } from './host-namespace.ts'

/** Takes a mask away again. Masks on one path or in one folder come off in reverse order. */
export type Unmask = () => Promise<void>

/**
 * Makes `path` vanish in the mount namespace of `pid`: an overlay over its folder, read-only meanwhile, in which that
 * name is whited out, so that looking for it ends in ENOENT. Where the kernel has no overlay (or this is the third in one
 * folder), an empty file without permissions, or an empty folder, lies over it: it cannot be run or loaded either.
 */
export async function hidePath(pid: number, folder: string, path: string): Promise<Unmask> {
  // Symbolic links such as /bin are followed, so that the last name is hidden in the folder where it lives.
  const real = join(await resolve(pid, dirname(path)), basename(path))
  const { folder: isFolder } = await look(pid, real)
  await mkdir(folder, { recursive: true })
  const layer = await mkdtemp(join(folder, 'hidden-'))
  await mustRun(['mknod', join(layer, basename(real)), 'c', '0', '0'])
  const where = dirname(real)
  const options = `ro,lowerdir=${layer}:${where}`
  const overlay = ['mount', '-t', 'overlay', 'vmferry-lab', '-o', options, where]
  if ((await runCommand(inside(pid, overlay))).code === 0) return unmask(pid, where)
  const empty = await mkdtemp(join(folder, 'empty-'))
  const over = isFolder ? empty : join(empty, 'file')
  if (over !== empty) await writeFile(over, '', { mode: 0 })
  return bind(pid, over, real)
}

/** Puts a file with this content over the existing file `path`. Default mode: that of the file it covers. */
export async function replacePath(
  pid: number,
  folder: string,
  path: string,
  content: string,
  mode?: number,
): Promise<Unmask> {
  const real = await resolve(pid, path)
  const covered = await look(pid, real)
  await mkdir(folder, { recursive: true })
  const file = join(await mkdtemp(join(folder, 'replaced-')), basename(path))
  await writeFile(file, content)
  // Not by writeFile's own mode, which the umask would narrow.
  await chmod(file, mode ?? covered.mode)
  return bind(pid, file, real)
}

// Both ask inside the host: its /run, for one, is not the one seen from here.
const resolve = async (pid: number, path: string): Promise<string> =>
  (await mustRun(inside(pid, ['realpath', '--canonicalize-existing', '--', path]))).trimEnd()

async function look(pid: number, path: string): Promise<{ mode: number; folder: boolean }> {
  const [mode = '', kind] = (await mustRun(inside(pid, ['stat', '--format=%a:%F', '--', path])))
    .trim()
    .split(':')
  return { mode: Number.parseInt(mode, 8), folder: kind === 'directory' }
}

async function bind(pid: number, from: string, to: string): Promise<Unmask> {
  await mustRun(inside(pid, ['mount', '--bind', from, to]))
  return unmask(pid, to)
}

function unmask(pid: number, target: string): Unmask {
  let done: Promise<string> | undefined
  return async () => {
    // Lazily: a process that was started from below the mask must not keep it in place.
    done ??= mustRun(inside(pid, ['umount', '--lazy', target]))
    await done
  }
}
