import { type ChildProcess, execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Lab } from '@vmferry/lab'
import { type FerryEvent, type Figures, figures } from './figures.ts'
import { rawMonitor, startRaw } from './raw-guest.ts'

/** By which the stream goes: the hosts' ssh, or a bare connection. */
export type Way = 'ssh' | 'tcp'

/** One way to move a guest from alpha to beta. */
export interface Contender {
  readonly name: `${'raw' | 'vmferry' | 'living'} ${Way}`
  start(lab: Lab, argv: readonly string[]): Promise<void>
  /** Moves it; its own figures. */
  migrate(lab: Lab, argv: readonly string[]): Promise<Figures>
  stop(lab: Lab): Promise<void>
  /** Ends what it has kept between its moves. */
  close?(): void
}

export const SOURCE = 'qemu+ssh://root@alpha/system'
export const TARGET = 'qemu+ssh://root@beta/system'
export const DOMAIN = 'web1'

/** The bare QMP sequence. */
export function rawContender(way: Way): Contender {
  const program = fileURLToPath(new URL('../bin/raw-migration.js', import.meta.url))
  return {
    name: `raw ${way}`,
    async start({ alpha }, argv) {
      startRaw(alpha, argv, [])
      await (await rawMonitor(alpha)).close()
    },
    async migrate({ folder }, argv) {
      const { stdout } = await promisify(execFile)(process.execPath, [program, folder, way, ...argv])
      return JSON.parse(stdout) as Figures
    },
    async stop({ beta }) {
      await (await rawMonitor(beta)).execute('quit')
    },
  }
}

/** The command as it is typed. `state`: the folder of its journal. */
export function ferryContender(way: Way, state: string): Contender {
  const cli = createRequire(import.meta.url).resolve('vmferry/package.json')
  const run = async ({ controller }: Lab, ...words: readonly string[]): Promise<string> => {
    const command = [
      'env',
      `XDG_STATE_HOME=${state}`,
      process.execPath,
      join(dirname(cli), 'bin/vmferry.js'),
      ...words,
    ]
    const { code, stdout, stderr } = await controller.exec(command, { timeout: 60_000 })
    if (code !== 0) throw new Error(`vmferry ${words[0]} ended with ${code}: ${stderr}`)
    return stdout
  }
  return {
    name: `vmferry ${way}`,
    start: async (lab, argv) => void (await run(lab, 'start', SOURCE, DOMAIN, '--', ...argv)),
    async migrate(lab) {
      const words = [SOURCE, DOMAIN, TARGET, '--live', '--json', '--uri', `${way}://beta`]
      const said = (await run(lab, 'migrate', ...words)).trim().split('\n')
      const lines = said.map((line) => JSON.parse(line) as FerryEvent)
      return figures(lines, lines.at(-1)?.report)
    },
    stop: async (lab) => void (await run(lab, 'stop', TARGET, DOMAIN, '--force')),
  }
}

/** The same by a program that lives on: it is connected before, and its code has run before, but for the first move. */
export function livingContender(way: Way, state: string): Contender {
  const { start, stop } = ferryContender(way, state)
  const program = fileURLToPath(new URL('../bin/living-ferry.js', import.meta.url))
  let child: ChildProcess | null = null
  let lines: AsyncIterator<string, undefined> | null = null
  return {
    name: `living ${way}`,
    start,
    async migrate({ controller }) {
      child ??= controller.spawn([process.execPath, program, join(state, 'living')], {
        stdio: ['pipe', 'pipe', 'inherit'],
      })
      const { stdin, stdout } = child
      if (!stdin || !stdout) throw new Error('the program has no pipes')
      lines ??= createInterface({ input: stdout })[Symbol.asyncIterator]()
      stdin.write(`${way}\n`)
      const next: IteratorResult<string, undefined> = await lines.next()
      if (next.done) throw new Error('the program that lives on has ended')
      return JSON.parse(next.value) as Figures
    },
    stop,
    close: () => child?.stdin?.end(),
  }
}
