import { randomBytes } from 'node:crypto'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isVmError } from '@vmferry/core/driver'
import { type FileAccess, type FileAct, fileError, fileTooLong, mostFileBytes } from './file-access.ts'
import { systemError } from './system-error.ts'

/** Files of this machine. */
export const localFiles: FileAccess = {
  async read(path, stop) {
    return told('read', path, async () => {
      await using file = await open(path, 'r')
      const chunks: Buffer[] = []
      let size = 0
      const stream: AsyncIterable<Buffer> = file.createReadStream({ autoClose: false, signal: stop })
      for await (const chunk of stream) {
        size += chunk.length
        if (size > mostFileBytes) throw fileTooLong(path, 'localhost')
        chunks.push(chunk)
      }
      return new Uint8Array(Buffer.concat(chunks))
    })
  },
  async write(path, data, stop) {
    await told('written', path, async () => {
      const folder = dirname(path)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const beside = `${folder}/.vmferry.${randomBytes(6).toString('hex')}`
      try {
        const file = await open(beside, 'wx', 0o600)
        try {
          await file.writeFile(data, { signal: stop })
          await file.sync()
        } finally {
          await file.close()
        }
        stop.throwIfAborted()
        await rename(beside, path)
      } catch (error) {
        await rm(beside, { force: true })
        throw error
      }
      await using parent = await open(folder, 'r')
      await parent.sync()
    })
  },
  async remove(path) {
    await told('removed', path, () => rm(path.replace(/(.)\/+$/, '$1'), { recursive: true, force: true }))
  },
}

async function told<T>(act: FileAct, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isVmError(error)) throw error
    const { code, message } = systemError(error)
    throw fileError(
      act,
      path,
      'localhost',
      message,
      act === 'read' && (code === 'ENOENT' || code === 'ENOTDIR'),
    )
  }
}
