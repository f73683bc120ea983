import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Connection, errorData } from '@vmferry/core'
import { inSession, type Session, type SessionOptions } from '../session.ts'
import { watchedMigration } from '../watched-migration.ts'

/** A place where something can be moved. */
interface Stage {
  readonly here: Connection
  readonly there: Connection
  readonly name: string
  clear(): Promise<void>
}

const GUEST = 'demo'
/** The firmware alone is a guest: it runs, and its memory can be moved. */
const COMMAND_LINE = 'qemu-system-x86_64 -machine pc -m 64 -nodefaults -display none'.split(' ')

/** `vmferry demo`: a live migration on whatever this machine has. */
export async function demo(options: SessionOptions): Promise<number> {
  return inSession(options, async (session) => {
    const { here, there, name, clear } = await stage(session)
    try {
      const domain = await here.domain(name)
      const voyage = { domain: name, source: here.uri, target: there.uri }
      const start = () => domain.migrate(there, { live: true })
      return await watchedMigration(session, start, { voyage, json: options.json })
    } finally {
      await clear()
    }
  })
}

async function stage(session: Session): Promise<Stage> {
  try {
    return await qemuStage(session)
  } catch (error) {
    session.interruption.signal.throwIfAborted()
    session.output.say(`QEMU cannot be used here: ${errorData(error).message}`)
    session.output.say('so this is the hypervisor in memory (driver test), which moves no real guest')
    const [here, there] = await Promise.all([
      session.connect('test:///default'),
      session.connect('test:///other'),
    ])
    return { here, there, name: 'web1', clear: async () => {} }
  }
}

async function qemuStage(session: Session): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'vmferry-demo-'))
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    const uri = (side: string): string => `qemu:///session?run=${encodeURI(join(folder, side))}`
    const [here, there] = await Promise.all([session.connect(uri('a')), session.connect(uri('b'))])
    if (here.hypervisor === null) throw new Error('it is not installed')
    await here.start(GUEST, COMMAND_LINE)
    session.output.say(`a guest of 64 MiB in ${here.hypervisor}, between two run directories of this machine`)
    const clear = async (): Promise<void> => {
      for (const end of [here, there]) await end.stop(GUEST, { force: true }).catch(() => {})
      await remove()
    }
    return { here, there, name: GUEST, clear }
  } catch (error) {
    await remove()
    throw error
  }
}
